import json
import re
import shutil

import keras
import numpy as np
import pytest
from PIL import Image
from scenes import scenes

from image_generating import cli, provenance
from image_generating.config import EvaluateConfig
from image_generating.errors import UserError
from image_generating.figures import tile
from image_generating.metrics import evaluate, extractors, measures
from image_generating.metrics.controls import CONTROLS
from image_generating.metrics.estimate import Estimate
from image_generating.metrics.measures import equal_size

COMPUTED = ("kid", "fid", "auc", "spectrum_db", "ms_ssim", "recall", "coverage", "copying", "authenticity")


def save(images, folder):
    folder.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03}.png")
    return folder


@pytest.fixture(scope="module")
def with_controls(tmp_path_factory):
    return evaluate.evaluate(
        iter(np.array_split(scenes(50, 96, seed=3), 9)),
        50,
        scenes(60, 96, seed=1),
        scenes(40, 96, seed=2),
        extractors.get("tiny"),
        folder=tmp_path_factory.mktemp("cache"),
        controls=True,
    )


@pytest.fixture
def folders(tmp_path):
    return {
        "images": save(scenes(9, 64, seed=3), tmp_path / "images"),
        "train": save(scenes(24, 64, seed=1), tmp_path / "train"),
        "heldout": save(scenes(16, 64, seed=2), tmp_path / "heldout"),
    }


@pytest.fixture
def config(folders, tmp_path):
    return EvaluateConfig(**folders, output=tmp_path / "report", extractor="tiny", resolution=64)


def test_images_of_the_true_source_have_no_fault(with_controls):
    assert with_controls.found == []
    assert with_controls.size == 40
    for key, number in with_controls.numbers.items():
        real = with_controls.floor[key]
        assert isinstance(number, Estimate), key
        assert isinstance(real, Estimate), key


@pytest.mark.parametrize(
    ("key", "flags"),
    [
        ("copies", {"copied"}),
        ("noisy_copies", {"copied"}),
        ("blurred", {"blurred"}),
        ("repeated", {"repetitive", "incomplete"}),
        ("phantoms", {"unrealistic"}),
    ],
)
def test_every_known_failure_is_flagged_for_the_right_reason(with_controls, key, flags):
    _, found = with_controls.controls[key]

    assert flags <= {finding.flag for finding in found}


@pytest.mark.parametrize(
    ("key", "innocent"),
    [
        ("copies", {"unrealistic", "blurred", "noisy", "grid", "repetitive", "incomplete"}),
        ("noisy_copies", {"unrealistic", "blurred", "repetitive", "incomplete"}),
        ("blurred", {"copied", "noisy", "grid"}),
        ("repeated", {"copied", "blurred", "noisy"}),
        ("phantoms", {"copied", "noisy"}),
    ],
)
def test_no_known_failure_is_flagged_for_a_wrong_reason(with_controls, key, innocent):
    _, found = with_controls.controls[key]

    assert not innocent & {finding.flag for finding in found}


def test_a_held_out_image_repeated_has_no_senseless_ratio(with_controls):
    """It was written as 10622443718006186317539847121447944192.00."""
    ratio = with_controls.controls["repeated"][0]["neighbor_ratio"]

    assert str(ratio) == "most of these images are held-out images themselves"


def test_a_number_that_is_not_finite_is_none():
    numbers = measures._collect(
        none=lambda: Estimate(np.inf),
        unsure=lambda: Estimate(1.0, np.nan, np.inf),
        sure=lambda: Estimate(1.0, 0.5, 2.0),
    )

    assert str(numbers["none"]) == "has no finite value for these images"
    assert numbers["unsure"] == Estimate(1.0)
    assert numbers["sure"] == Estimate(1.0, 0.5, 2.0)


def test_controls_are_what_they_say():
    train, heldout = scenes(6, 32, seed=1), scenes(5, 32, seed=2)
    made = {c.key: np.concatenate(list(c.batches(4, train, heldout, seed=0))) for c in CONTROLS}

    assert all(images.shape == (4, 32, 32) and images.dtype == np.uint8 for images in made.values())
    known = {image.tobytes() for image in train}
    assert {image.tobytes() for image in made["copies"]} <= known
    assert len({image.tobytes() for image in made["copies"]}) == 4
    assert 1 < np.abs(made["noisy_copies"].astype(int) - made["copies"]).mean() < 3
    assert (made["repeated"] == made["repeated"][0]).all()
    assert len({image.tobytes() for image in made["phantoms"]}) == 4


def test_files_are_written_and_agree(config, capsys):
    evaluate.run(config)

    output = config.output
    facts = json.loads((output / "metrics.json").read_text())
    assert all(isinstance(value, str | int | float | bool | None) for value in facts.values())
    assert (facts["generated_count"], facts["train_count"], facts["heldout_count"]) == (9, 24, 16)
    assert facts["extractor"] == extractors.get("tiny").name
    assert facts["seconds_total"] > 0
    for key in COMPUTED:
        assert np.isfinite(facts[key]), key
        assert np.isfinite(facts[f"floor_{key}"]), key
    assert facts["kid_low"] < facts["kid"] < facts["kid_high"]
    assert not facts["flag_copied"]

    for name in ("samples", "spectra", "closeness", "closest"):
        with Image.open(output / "figures" / f"{name}.png") as figure:
            assert np.asarray(figure.convert("L")).std() > 10, name

    page = (output / "report.html").read_text()
    assert not re.search(r"(src|href)=.(?!data:)", page)
    assert page.count("data:image/png;base64") == 4
    assert "nan" not in re.sub(r"base64,[^']*", "", page).lower().replace("nance", "")
    printed = capsys.readouterr().out
    assert "KID" in printed
    assert str(output / "report.html") in printed


def test_the_same_seed_gives_the_same_numbers_in_place_of_an_older_report(config):
    def numbers():
        evaluate.run(config)
        facts = json.loads((config.output / "metrics.json").read_text())
        return {key: value for key, value in facts.items() if key != "made" and "seconds" not in key}

    config.output.mkdir()
    first = numbers()
    (config.output / "figures" / "spectra.png").write_bytes(b"old")

    assert numbers() == first
    assert (config.output / "figures" / "spectra.png").stat().st_size > 1000
    assert {path.name for path in config.output.iterdir()} == {"metrics.json", "report.html", "figures"}


def test_numbers_that_cannot_be_computed_say_why(config, tmp_path, capsys):
    few = config.replace(images=save(scenes(3, 64, seed=5), tmp_path / "few"))

    evaluate.run(few)

    facts = json.loads((few.output / "metrics.json").read_text())
    assert facts["recall"] is None
    assert (
        facts["recall_missing"]
        == "needs at least 4 images, there are 3 when all sets are cut to the smallest"
    )
    assert facts["copying"] is None
    assert np.isfinite(facts["kid"])
    page = (few.output / "report.html").read_text()
    assert "cannot be computed: needs at least 5 different images, there are 3" in page
    assert "needs at least 4 images, there are 3" in capsys.readouterr().out


def test_every_judged_picture_counts(config, folders, capsys):
    """A collapsed generator must not be measured without its repetitions."""
    images = folders["images"]
    [one, *others] = sorted(images.iterdir())
    for path in others:
        path.unlink()
    for number in range(17):
        shutil.copy(one, images / f"again{number}.png")
    Image.new("L", (64, 64), 0).save(images / "black.png")
    Image.new("L", (64, 64), 0).save(images / "black again.png")

    result = evaluate.run(config)

    facts = json.loads((config.output / "metrics.json").read_text())
    assert (len(result.generated), facts["generated_count"]) == (20, 20)
    assert facts["flag_repetitive"]
    assert "skipped" not in capsys.readouterr().out


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize(
    "picture", [scenes(1, 64, seed=3), np.zeros((1, 64, 64), np.uint8)], ids=["one scene", "black"]
)
def test_identical_pictures_have_numbers_or_reasons(config, picture, count, capsys):
    judged = save(np.repeat(picture, count, axis=0), config.output.parent / "judged")

    # NumPy's warnings are errors here, as all are in the tests.
    evaluate.run(config.replace(images=judged))

    facts = json.loads((config.output / "metrics.json").read_text())
    assert facts["generated_count"] == count
    assert facts["ms_ssim"] == pytest.approx(1)
    assert facts["flag_repetitive"]
    assert "needs at least 5 different images, there are 1" in facts["copying_missing"]
    assert not re.search(r"\bnan\b|\binf\b|missing|\d{9}", capsys.readouterr().out)


def test_a_folder_of_one_picture_is_refused_by_its_name(config, tmp_path):
    one = save(scenes(1, 64, seed=3), tmp_path / "one")

    with pytest.raises(UserError, match=f"--images {one}: There must be at least 2 images and 1 can be used"):
        evaluate.run(config.replace(images=one))
    with pytest.raises(UserError, match=r"--images .*nowhere is no folder"):
        evaluate.run(config.replace(images=tmp_path / "nowhere"))
    assert not config.output.exists()


def test_grids_are_left_out_with_a_sentence(config, folders, capsys):
    for folder in folders.values():
        tile(scenes(4, 64, seed=9)).save(folder / "renamed.png", pnginfo=provenance.mark())

    result = evaluate.run(config)

    assert (len(result.generated), len(result.train), len(result.heldout)) == (9, 24, 16)
    printed = capsys.readouterr().out
    for folder in folders.values():
        assert f"{folder}: renamed.png was skipped: composed of several images by this program." in printed


def test_the_figures_of_a_report_are_no_judged_pictures(config, folders):
    inside = config.replace(output=folders["images"] / "report")

    assert len(evaluate.run(inside).generated) == 9
    assert len(evaluate.run(inside).generated) == 9


def brighter(path, folder):
    with Image.open(path) as image:
        resized = image.resize((70, 70), Image.Resampling.BICUBIC).point(lambda value: min(255, value + 25))
    resized.save(folder / "altered.jpg", quality=60)


def test_altered_training_images_are_refused_among_held_out_ones(config, folders):
    brighter(folders["train"] / "005.png", folders["heldout"])

    with pytest.raises(
        UserError, match=r"1 of the held-out .*heldout/altered.jpg ≈ \S*train/005.png \(similarity 0.9\d\)"
    ):
        evaluate.run(config)
    assert not config.output.exists()


@pytest.mark.parametrize(("kind", "name"), [("train", "training"), ("heldout", "held-out")])
def test_altered_real_images_are_named_among_judged_ones(config, folders, capsys, kind, name):
    brighter(folders[kind] / "007.png", folders["images"])

    evaluate.run(config)

    sentence = f"1 of the 10 images that are measured are also {name} images: "
    warning = capsys.readouterr().err
    assert f"warning: {sentence}" in warning
    assert re.search(rf"images/altered.jpg ≈ \S*{kind}/007.png \(similarity 0.9\d\)", warning)
    assert sentence in (config.output / "report.html").read_text()
    facts = json.loads((config.output / "metrics.json").read_text())
    counts = {"train": (1, 0), "heldout": (0, 1)}[kind]
    assert (facts["copies_of_training_count"], facts["copies_of_heldout_count"]) == counts


def network(folder, *outputs, inputs=(8,), activation="sigmoid"):
    """An exported network with random weights."""
    layers = keras.layers
    size = int(np.prod(outputs))
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(inputs),
            layers.Flatten(),
            layers.Dense(size, activation=activation),
            layers.Reshape(outputs),
        ]
    )
    model.save(folder, zipped=False)
    return folder


def test_a_generator_is_measured(config, tmp_path, capsys):
    side = 48
    model = network(tmp_path / "generator", side, side, 1)
    settings = config.replace(images=None, model=model, count=12, resolution=side)

    result = evaluate.run(settings)

    assert len(result.generated) == 12
    assert {finding.flag for finding in result.found} >= {"unrealistic"}
    # The folders hold images of 64 pixels.
    assert f"24 of 24 images were resized to {side} × {side} pixels" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"makes images of 48 pixels: compare .* --resolution 48"):
        evaluate.run(settings.replace(resolution=64))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"outputs": (1,), "inputs": (64, 64, 1)}, "is not a generator"),
        ({"outputs": (64, 64, 3)}, "is not a generator"),
        ({"outputs": (64, 64, 1), "activation": "tanh"}, "makes values from -.* a generator's are in"),
    ],
)
def test_other_networks_are_refused(config, tmp_path, settings, words):
    model = network(tmp_path / "network", *settings.pop("outputs"), **settings)

    with pytest.raises(UserError, match=words):
        evaluate.run(config.replace(images=None, model=model))
    assert not config.output.exists()


def test_held_out_images_that_were_trained_on_are_refused(config, folders):
    train = sorted(folders["train"].iterdir())
    # The same pixels in another file format.
    Image.open(train[5]).save(folders["heldout"] / "again.bmp")

    with pytest.raises(UserError, match=r"heldout/again.bmp = \S*train/005.png"):
        evaluate.run(config)
    assert not config.output.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": None}, "either --model"),
        ({"model": "models/generator"}, "either --model"),
        ({"count": 1}, "--count must be at least 2"),
        ({"extractor": "nonsense"}, "no feature extractor 'nonsense'"),
    ],
)
def test_settings_that_make_no_sense(config, changes, words):
    with pytest.raises(UserError, match=words):
        evaluate.run(config.replace(**changes))
    assert not config.output.exists()


def test_a_folder_that_is_no_report_is_not_replaced(config):
    config.output.mkdir()
    (config.output / "thesis.txt").write_text("years of work")

    with pytest.raises(UserError, match=r"holds thesis.txt, so it is no report that this program wrote"):
        evaluate.run(config)
    assert (config.output / "thesis.txt").exists()


def test_from_the_command_line(config, folders, capsys):
    flags = [f"--{name}={getattr(config, name)}" for name in ("images", "train", "heldout", "output")]

    assert cli.main(["evaluate", *flags, "--extractor=tiny", "--resolution=64", "--controls"]) == 0

    assert "control: Copies of training images: recognized" in capsys.readouterr().out
    facts = json.loads((config.output / "metrics.json").read_text())
    assert facts["control_copies_flag_copied"]
    assert "Would this report notice?" in (config.output / "report.html").read_text()


def test_large_sets_are_compared_in_part(with_controls, monkeypatch):
    monkeypatch.setattr("image_generating.metrics.measures.MOST", 10)

    assert equal_size(with_controls.generated, with_controls.train) == 10
