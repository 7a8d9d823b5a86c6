"""README's ways of loading the networks elsewhere work as they are printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


def examples() -> list[str]:
    """The Python in the section, block by block."""
    text = (_ROOT / "README.md").read_text()
    section = text.split("## Load the networks elsewhere\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)


def test_each_way_has_an_example():
    ways = ("tf.keras.models.load_model", "keras.saving.load_model", "TFSMLayer", "tf.saved_model.load")
    assert [[way for way in ways if way in example] for example in examples()] == [[way] for way in ways]


@pytest.mark.parametrize("example", examples())
def test_an_example_makes_images_where_this_package_is_not_installed(example):
    alone = "import sys; sys.modules['image_generating'] = None\n"
    checked = (
        "\nimages = np.asarray(images); assert images.shape == (9, 800, 800, 1), images.shape"
        "\nassert 0 <= images.min() < 0.1 < 0.9 < images.max() <= 1"
    )
    subprocess.run([sys.executable, "-c", alone + example + checked], cwd=_ROOT, check=True)
