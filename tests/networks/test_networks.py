import json

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from image_generating.config import RECIPES, NetworkConfig
from image_generating.errors import UserError
from image_generating.networks import build_discriminator, build_generator, judges
from image_generating.networks.grain import GRAIN_MAPS
from image_generating.networks.grids import grids
from image_generating.networks.marker import marker, set_places
from image_generating.networks.structure import KNOWN_MAPS, structure
from image_generating.networks.synthesis import strengthen_grain
from image_generating.summary import flops


@pytest.mark.parametrize("resolution", [64, 100, 128, 200, 256, 400, 512, 800, 1024])
def test_residual_networks_fit_every_promised_resolution(resolution):
    config = NetworkConfig(resolution=resolution)
    generator, discriminator = build_generator(config), build_discriminator(config)
    assert type(generator) is keras.Sequential
    assert generator.name == "generator"
    assert discriminator.name == "discriminator"
    assert generator.output_shape == (None, resolution, resolution, 1)
    assert discriminator.input_shape == (None, resolution, resolution, 1)
    assert discriminator.output_shape == (None, 1)


def test_classic_is_the_original_layout_at_800():
    config = RECIPES["classic"].network
    generator, discriminator = build_generator(config), build_discriminator(config)
    assert generator.get_layer("base_dense").units == 320_000
    kernels = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert [layer.filters for layer in kernels] == [512, 256, 128, 64, 32, 16, 1]
    assert [layer.kernel_size[0] for layer in kernels] == [3, 3, 5, 5, 7, 9, 11]
    assert [layer.strides[0] for layer in kernels] == [1, 1, 2, 2, 2, 2, 2]
    assert generator.output_shape == (None, 800, 800, 1)
    # What the issue counted for the original: 38 million.
    assert generator.count_params() == pytest.approx(38e6, rel=0.01)
    assert discriminator.get_layer("judge_flatten").output.shape[-1] == 25 * 25 * 512


def test_classic_doubles_less_often_at_lower_resolutions():
    config = RECIPES["classic"].network.replace(resolution=100)
    assert build_generator(config).output_shape == (None, 100, 100, 1)


@pytest.mark.parametrize(
    ("resolution", "nearest"), [(810, "800 and 832"), (28, "56 and 60"), (5000, "1664 and 1728")]
)
def test_other_resolutions_are_refused_with_the_nearest_two(resolution, nearest):
    with pytest.raises(UserError, match=nearest):
        grids(resolution)


def test_default_generator_is_small_and_cheap():
    generator = build_generator(NetworkConfig())
    # Keras' weights and the SavedModel's: the folder holds them twice.
    assert 2 * 4 * generator.count_params() < 40e6
    classic = build_generator(RECIPES["classic"].network)
    assert flops(generator) < flops(classic) / 2


@pytest.mark.parametrize("preset", ["residual", "wide", "classic"])
def test_networks_are_made_of_built_in_layers_only(preset):
    config = RECIPES[preset].network.replace(resolution=64)
    for network in (build_generator(config), build_discriminator(config)):
        modules = set(_modules(json.loads(network.to_json())))
        assert modules
        assert all(module is None or module.split(".")[0] in ("keras", "builtins") for module in modules)


def _modules(node):
    if isinstance(node, dict):
        if "class_name" in node:
            yield node.get("module")
        for value in node.values():
            yield from _modules(value)
    elif isinstance(node, list):
        for value in node:
            yield from _modules(value)


def _as_after_a_training(*networks):
    """No zeros left in what is trained."""
    random = np.random.default_rng(0)
    for network in networks:
        for variable in network.trainable_variables:
            variable.assign(variable + 0.1 * random.standard_normal(variable.shape))


def test_growing_leaves_image_and_logits_as_they_were():
    config = NetworkConfig(resolution=256)
    random = np.random.default_rng(0)
    small = [build(config, 64) for build in (build_generator, build_discriminator)]
    large = [build(config, 256) for build in (build_generator, build_discriminator)]
    _as_after_a_training(*small)
    for old, new in zip(small, large, strict=True):
        trained = {variable.path: variable for variable in old.variables}
        for variable in new.variables:
            if variable.path in trained:
                variable.assign(trained[variable.path])
    latents = random.standard_normal((2, config.latent)).astype("float32")
    enlarged = small[0](latents)
    for _ in range(2):
        enlarged = keras.layers.UpSampling2D(2, interpolation="bilinear")(enlarged)
    # Beyond the border the last stage sees the image mirrored, and this enlargement its outermost pixels.
    inside = slice(3, -3)
    made, expected = large[0](latents)[:, inside, inside], enlarged[:, inside, inside]
    np.testing.assert_allclose(made, expected, atol=1e-5)
    images = random.uniform(-1, 1, (2, 64, 64, 1)).astype("float32")
    before, after = (_logits(network, "structure", images) for network in (small[1], large[1]))
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-4)


def _logits(discriminator, name, images):
    detail, places = judges.judge(discriminator, name)
    return np.asarray(places(detail(images)))


def test_the_discriminator_is_the_mean_of_its_judges():
    network = build_discriminator(NetworkConfig(resolution=64))
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 1)).astype("float32")
    structure = _logits(network, "structure", keras.layers.AveragePooling2D(4)(images))
    texture = _logits(network, "texture", images)
    assert structure.shape == (2, 1)
    assert texture.shape == (2, 7 * 7)
    expected = (structure.mean(axis=1) + texture.mean(axis=1)) / 2
    np.testing.assert_allclose(network(images)[:, 0], expected, atol=1e-5)


def _structure(side):
    """What the stage makes of random knowledge, (side, side, …)."""
    network = structure(side, (8, 16), pass_grain=True)
    _as_after_a_training(network)
    known = (
        np.random.default_rng(0).standard_normal((1, side, side, KNOWN_MAPS + GRAIN_MAPS)).astype("float32")
    )
    return known[0], np.asarray(network(known))[0]


@pytest.mark.parametrize("side", [25, 28, 50])
def test_structure_hands_on_the_grain_on_every_grid(side):
    known, made = _structure(side)
    assert made.shape == (side, side, 1 + GRAIN_MAPS)
    np.testing.assert_array_equal(made[..., 1:], known[..., KNOWN_MAPS:])


def test_structure_adds_detail_and_leaves_what_is_coarser_to_the_anatomy():
    known, made = _structure(100)
    added = made[..., 0] - known[..., 0]
    assert added.std() > 0.01
    # Away from the border, beyond which blurs take zeros.
    assert np.abs(gaussian_filter(added, 12)[20:-20, 20:-20]).max() < 0.1 * added.std()


def test_a_latent_has_one_marker_at_one_of_the_measured_places():
    network = marker(100, 8)
    measured = np.random.default_rng(1).uniform(0.2, 0.8, (30, 2)).astype("float32")
    set_places(network, measured)
    latents = np.random.default_rng(0).standard_normal((40, 8)).astype("float32")
    maps = np.asarray(network(latents))
    np.testing.assert_array_equal(network(latents), maps)
    np.testing.assert_allclose(network(latents[:1]), maps[:1], atol=1e-5)
    assert maps.shape == (40, 100, 100, 3)
    maps, down, right = np.moveaxis(maps, -1, 0)
    places = [(np.array(np.unravel_index(one.argmax(), (100, 100))) + 0.5) / 100 for one in maps]
    nearest = [np.abs(measured - place).max(axis=1).argmin() for place in places]
    assert np.abs(places - measured[nearest]).max() < 0.05
    assert len(set(nearest)) > 10
    # A spot of 2 % of the side, and nothing else.
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 2 * np.pi * 2**2, rtol=0.01)
    # The others say on which side of it a pixel is.
    for beyond, axis in ((down, 1), (right, 2)):
        np.testing.assert_allclose(beyond.sum(axis=(1, 2)), 0, atol=0.1)
        np.testing.assert_allclose(
            (beyond * np.arange(100).reshape(-1, *[1] * (2 - axis))).sum(axis=(1, 2)),
            2 * 8 * np.pi,
            rtol=0.01,
        )
    # How far a latent reaches does not move it.
    np.testing.assert_allclose(network(0.5 * latents)[..., 0], maps, atol=1e-4)


def test_detail_is_grain_amplified_and_not_brightness_or_slopes():
    detail, _ = judges.judge(build_discriminator(NetworkConfig(resolution=64)), "texture")
    slope = np.broadcast_to(np.linspace(-1, 1, 64, dtype="float32")[:, None, None], (1, 64, 64, 1))
    image, amplified = np.moveaxis(np.asarray(detail(slope)), -1, 0)
    np.testing.assert_array_equal(image, slope[:, 4:-4, 4:-4, 0])
    np.testing.assert_allclose(amplified, 0, atol=1e-4)
    grain = 0.02 * np.random.default_rng(0).standard_normal((1, 64, 64, 1)).astype("float32")
    assert detail(slope + grain).shape == (1, 56, 56, 2)
    assert 0.25 < np.std(detail(slope + grain)[..., 1]) < 0.5


def test_grain_is_white_noise_that_belongs_to_the_latent():
    grain = build_generator(NetworkConfig()).get_layer("anatomy").get_layer("grain")
    assert not grain.trainable_variables
    latents = np.random.default_rng(0).standard_normal((2, 64)).astype("float32")
    noise = np.asarray(grain(latents))
    assert noise.shape == (2, 200, 200, 16)
    assert np.std(noise) == pytest.approx(1, abs=0.05)
    neighbors = [np.mean(noise[:, 1:] * noise[:, :-1]), np.mean(noise[:, :, 1:] * noise[:, :, :-1])]
    np.testing.assert_allclose(neighbors, 0, atol=0.02)
    # A truncated latent has the grain of the whole one.
    np.testing.assert_allclose(grain(0.5 * latents), noise, atol=1e-4)


def test_the_last_stage_adds_grain_as_the_gray_values_ask_for_it():
    synthesis = build_generator(NetworkConfig(resolution=64)).get_layer("synthesis_64")
    random = np.random.default_rng(0)
    flat = np.zeros((1, 16, 16, 1), "float32")
    grains = [random.standard_normal((1, 16, 16, 16)).astype("float32") for _ in range(2)]
    inputs = [np.concatenate([flat, grain], axis=-1) for grain in grains]
    np.testing.assert_array_equal(*[synthesis(each) for each in inputs])
    drawing = synthesis.get_layer("synthesis_64_drawing")
    drawing.get_layer("synthesis_64_strength").bias.assign([0.1, 0.1, 0.1, 0.1])
    first, second = (np.asarray(synthesis(each))[0, 8:-8, 8:-8, 0] for each in inputs)
    assert 0.01 < np.std(first) < 1
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2
    assert abs(np.mean(first)) < 0.1 * np.std(first)
    strengthen_grain(synthesis, 3)
    np.testing.assert_allclose(np.asarray(synthesis(inputs[0]))[0, 8:-8, 8:-8, 0], 3 * first, atol=1e-4)
    # A line in the image moves its strength by no more than the line's share of the gray values around.
    drawing.get_layer("synthesis_64_gray").kernel.assign(np.full((1, 1, 1, 8), 0.5))
    drawing.get_layer("synthesis_64_strength").kernel.assign(np.full((1, 1, 8, 4), 0.1))
    drawing.get_layer("synthesis_64_strength").bias.assign([0, 0, 0, 0])
    line = flat.copy()
    line[:, 8] = 1

    def strength(image):
        both = [synthesis(np.concatenate([image, grain], axis=-1)) for grain in grains]
        return np.std(np.subtract(*both)[:, 28:40])

    at_line, everywhere = strength(line), strength(flat + 1)
    assert 0 < at_line < 0.4 * everywhere


def test_a_constant_subband_draws_no_mesh():
    """Whatever the biases of the subbands are, a flat image stays flat away from its border."""
    generator = build_generator(NetworkConfig(resolution=64))
    synthesis = generator.get_layer("synthesis_64")
    drawing = synthesis.get_layer("synthesis_64_drawing")
    drawing.get_layer("synthesis_64_bands").bias.assign([1.0, -2.0, 3.0, 4.0])
    image = np.asarray(synthesis(np.zeros((1, 16, 16, 17), "float32")))[0, 8:-8, 8:-8, 0]
    np.testing.assert_allclose(image, 0, atol=1e-6)


def test_detail_of_a_straight_edge_has_no_dots():
    """Whatever the subbands are, in an image that is the same in all columns or rows its detail is too."""
    synthesis = build_generator(NetworkConfig(resolution=64)).get_layer("synthesis_64")
    bands = synthesis.get_layer("synthesis_64_drawing").get_layer("synthesis_64_bands")
    random = np.random.default_rng(0)
    bands.kernel.assign(random.standard_normal(bands.kernel.shape))
    rows = np.zeros((1, 16, 16, 17), "float32")
    rows[..., 0] = random.uniform(-1, 1, (16, 1))
    image = np.asarray(synthesis(rows))[0, :, 16:-16, 0]
    assert np.ptp(image, axis=0).min() > 0.1
    np.testing.assert_allclose(np.ptp(image, axis=1), 0, atol=1e-5)
    image = np.asarray(synthesis(rows.swapaxes(1, 2)))[0, 16:-16, :, 0]
    np.testing.assert_allclose(np.ptp(image, axis=0), 0, atol=1e-5)


def test_wavelets_add_detail_but_no_brightness():
    """A constant subband makes no grid of brightness: over two pixels its contribution sums to zero."""
    generator = build_generator(NetworkConfig(resolution=64))
    drawing = generator.get_layer("synthesis_64").get_layer("synthesis_64_drawing")
    subbands = drawing.get_layer("synthesis_64_from_subbands")
    kernel = np.asarray(subbands.get_layer("synthesis_64_wavelets").kernel)
    assert kernel.shape == (4, 4, 1, 3)
    np.testing.assert_allclose(kernel.sum(axis=(0, 1)), 0, atol=1e-7)
