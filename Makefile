# Everything here makes its own environment first; remove .venv to start afresh.
PYTHON ?= python3
BIN = .venv/bin
RUN = $(BIN)/image-generating

.PHONY: demo test lint train

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

test: .venv/test-installed lint
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/pytest -q tests
	TF_CPP_MIN_LOG_LEVEL=3 IMAGE_GENERATING_SMALL=1 $(BIN)/pytest -q --nbval-lax --nbval-current-env notebooks

lint: .venv/test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Training needs little; the tests need every extra at the pinned versions.
.venv/demo-installed: pyproject.toml requirements.txt | .venv
	$(BIN)/pip install --quiet --constraint requirements.txt --editable '.[tensorflow,kaggle]'
	touch $@

.venv/test-installed: pyproject.toml requirements.txt | .venv
	$(BIN)/pip install --quiet --requirement requirements.txt --editable '.[dicom]'
	touch $@

.venv:
	$(PYTHON) -m venv .venv
