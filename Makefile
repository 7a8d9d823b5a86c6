# Everything here makes its own environment first; remove .venv to start afresh.
PYTHON ?= python3
BIN = .venv/bin
RUN = $(BIN)/image-generating

.PHONY: demo test test-lowest test-colab test-versions lint train

demo: .venv/demo-installed
	$(RUN) train --preset demo --data phantom --images 32 --batch-size 8 --output runs/demo
	$(RUN) export --run runs/demo --output runs/demo/models
	$(RUN) generate --model runs/demo/models/generator --output runs/demo/result --grid
	$(RUN) gif --run runs/demo --output runs/demo/training.gif
	@if [ -f models/generator/model.weights.h5 ]; then \
	  $(RUN) generate --model models/generator --output runs/demo/result_of_trained_networks --grid; fi
	@echo "Previews: runs/demo/training_images, curves: runs/demo/curves.png, film: runs/demo/training.gif,"
	@echo "nine pictures: runs/demo/result, networks: runs/demo/models."

# Real data and the default recipe, for an hour; give MINUTES for more, and run it again to go on.
MINUTES ?= 60
train: .venv/demo-installed
	$(RUN) train --data kaggle --images 300 --output runs/xray --minutes $(MINUTES)

# Two at a time, as most tests wait for one core; each file's in their order.
PYTEST = pytest -q --nbval -n 2 --dist loadfile

test: .venv/test-installed lint
	$(BIN)/$(PYTEST)

# The same tests with the lowest versions that the bounds allow, and with those that Colab has.
test-lowest test-colab: test-%: .venv-%/installed
	.venv-$*/bin/$(PYTEST)

# Loads the networks with old and new TensorFlow, Keras, JAX and PyTorch, each installed afresh; about an hour.
test-versions: .venv/test-installed
	$(BIN)/python tests/versions/matrix.py

lint: .venv/test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Training needs little; the tests need every extra at the pinned versions.
.venv/demo-installed: pyproject.toml constraints.txt | .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[tensorflow,kaggle]'
	touch $@

.venv/test-installed: pyproject.toml requirements.txt constraints.txt | .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --requirement requirements.txt --editable '.[dev]'
	touch $@

# First what is there, then what is missing; the last line fails if that changed a version that was there.
.venv-%/installed: pyproject.toml requirements.txt constraints-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --requirement constraints-$*.txt
	.venv-$*/bin/pip install --quiet --requirement requirements.txt --editable '.[dev]'
	.venv-$*/bin/pip install --quiet --no-index --no-deps --requirement constraints-$*.txt
	touch $@

.venv:
	$(PYTHON) -m venv .venv
