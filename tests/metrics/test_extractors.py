import keras
import numpy as np
import pytest
from PIL import Image, ImageFilter

from image_generating.errors import UserError
from image_generating.metrics import extractors


def chests(count, size=128, seed=0):
    """Ellipses on gray, each of another width and height."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    images = []
    for width, height in random.uniform((0.2, 0.3), (0.35, 0.45), (count, 2)):
        inside = ((x - 0.5) / width) ** 2 + ((y - 0.5) / height) ** 2 < 1
        images.append(np.where(inside, 60, 160) + random.normal(0, 4, (size, size)))
    return np.clip(images, 0, 255).astype(np.uint8)


def blurred(images, radius):
    return np.stack([Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)) for image in images])


def test_tiny_gives_the_same_numbers_on_every_run():
    tiny = extractors.get("tiny")
    ramp = (np.arange(128 * 128).reshape(1, 128, 128) % 251).astype(np.uint8)

    features = tiny(ramp)

    assert tiny.name == "tiny-08d214eaa3a0"
    assert features.dtype == np.float32
    assert features.shape == (1, tiny.dimension)
    np.testing.assert_allclose(features[0, :4], [0.700907, 0.162584, 0.178601, 0.194724], rtol=1e-5)
    np.testing.assert_array_equal(features, extractors.get("tiny")(ramp))


def test_tiny_sees_each_image_alone():
    tiny = extractors.get("tiny")
    images = chests(5)
    np.testing.assert_array_equal(tiny(images)[3:4], tiny(images[3:4]))
    assert tiny(images[:0]).shape == (0, tiny.dimension)


@pytest.mark.parametrize("size", [64, 200])
def test_tiny_tells_blur_noise_and_anatomy_apart(size):
    tiny = extractors.get("tiny")
    images = chests(12, size)
    noise = np.random.default_rng(1).normal(0, 12, images.shape)
    changed = {
        "blur": blurred(images, 2),
        "noise": np.clip(images + noise, 0, 255).astype(np.uint8),
        "anatomy": np.roll(images, size // 8, axis=2),
        "inverted": 255 - images,
    }
    features = tiny(images)
    spread = features.std(axis=0) + 1e-6
    for name, others in changed.items():
        shift = np.abs(tiny(others).mean(axis=0) - features.mean(axis=0)) / spread
        assert shift.max() > 3, name
    again = np.abs(tiny(chests(12, size, seed=2)).mean(axis=0) - features.mean(axis=0)) / spread
    assert again.max() < 2


def test_resize_is_antialiased_and_not_rounded():
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (2, 800, 800), dtype=np.uint8)

    small = extractors.resized(noise, (299, 200))

    assert small.shape == (2, 299, 200)
    assert small.dtype == np.float32
    # Without antialiasing the noise would keep its standard deviation of 74.
    assert 12 < small.std() < 25
    assert len(np.unique(small)) > 10_000
    np.testing.assert_array_equal(extractors.resized(noise, (800, 800)), noise)


def test_resize_stays_within_gray_values():
    edge = np.zeros((1, 64, 64), np.uint8)
    edge[:, :, 32:] = 255
    resized = extractors.resized(edge, (100, 100))
    assert resized.min() == 0
    assert resized.max() == 255


def test_unknown_names_list_the_known():
    with pytest.raises(UserError, match=r"'inceptoin'.*inception, tiny, .*DenseNet121.*EfficientNetV2B0"):
        extractors.get("inceptoin")
    with pytest.raises(UserError, match="no Keras model of that path"):
        extractors.get("encoders/chest.keras")


def encoder(channels=1, size=32, seed=0, pool=True):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((size, size, channels)), keras.layers.Conv2D(6, 3, activation="relu")]
    return keras.Sequential([*layers, keras.layers.GlobalAveragePooling2D()] if pool else layers)


@pytest.mark.parametrize("name", ["chest.keras", "chest"])
def test_a_model_file_is_an_extractor(tmp_path, name):
    model = encoder()
    model.save(tmp_path / name, **({} if name.endswith(".keras") else {"zipped": False}))

    extractor = extractors.get(str(tmp_path / name))

    images = chests(23, 32)
    features = extractor(images)
    assert extractor.name.startswith("chest-")
    assert extractor.dimension == 6
    assert features.dtype == np.float32
    # More than two batches, the last of them not full.
    np.testing.assert_allclose(
        features, model.predict_on_batch(images[..., None].astype("float32")), rtol=1e-4
    )
    assert extractor(images[:0]).shape == (0, 6)


def test_names_follow_the_weights(tmp_path):
    path = tmp_path / "chest.keras"
    model = encoder()
    model.save(path)
    names = [extractors.get(str(path)).name for _ in range(2)]
    model.set_weights(encoder(seed=1).get_weights())
    model.save(path)
    assert names[0] == names[1] != extractors.get(str(path)).name


def test_color_networks_and_maps_are_accepted():
    model = encoder(channels=3, size=None, pool=False)
    images = chests(2, 40)

    features = extractors.Network("map", model, lambda gray: gray / 255)(images)

    color = extractors.resized(images, (299, 299))[..., None].repeat(3, axis=3) / 255
    np.testing.assert_allclose(features, model.predict_on_batch(color).mean(axis=(1, 2)), rtol=1e-4)


def test_other_models_are_refused(tmp_path):
    vector = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    with pytest.raises(UserError, match=r"takes \(None, 8\)"):
        extractors.Network("vector", vector)
    sequence = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Reshape((8, 8))])
    with pytest.raises(UserError, match=r"returns \(None, 8, 8\)"):
        extractors.Network("sequence", sequence)
    image = keras.Input((8, 8, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    with pytest.raises(UserError, match="returns"):
        extractors.Network("two", keras.Model(image, [pooled, pooled]))
    (tmp_path / "text.keras").write_text("no")
    with pytest.raises(UserError, match=r"text.keras could not be opened as a Keras model"):
        extractors.get(str(tmp_path / "text.keras"))


def test_imagenet_networks_take_their_weights_from_a_file(tmp_path):
    path = tmp_path / "mobile.weights.h5"
    model = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(299, 299, 3), pooling="avg"
    )
    model.save_weights(path)

    extractor = extractors.get(f"MobileNet:{path}")

    images = chests(2)
    assert extractor.name.startswith("MobileNet-")
    assert extractor.dimension == 1024
    # MobileNet wants -1 to 1.
    color = extractors.resized(images, (299, 299))[..., None].repeat(3, axis=3) / 127.5 - 1
    np.testing.assert_allclose(extractor(images), np.asarray(model(color)), rtol=1e-3, atol=1e-6)


def test_imagenet_networks_without_their_weights(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"no file of MobileNet weights at .*none.h5"):
        extractors.get(f"MobileNet:{tmp_path / 'none.h5'}")

    def offline(**_):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "MobileNet", offline)
    with pytest.raises(UserError, match=r"URL fetch failure.*MobileNet:FILE"):
        extractors.get("MobileNet")
