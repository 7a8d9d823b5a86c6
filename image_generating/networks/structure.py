"""The generator's stage on the last grid: it draws the detail that the anatomy, an average, has not.

It draws a window as well as the whole, given what is known of a border around it, so that a training step
can draw and judge one window of each image. Its convolutions run at a half and at a quarter of the grid,
where they are cheap.
"""

import keras
import numpy as np
from keras import layers, ops

from image_generating.networks.blocks import binomial, conv, enlarge, mirrored, zero_conv
from image_generating.networks.equalizer import equalizer
from image_generating.networks.grain import GRAIN_MAPS
from image_generating.networks.marker import MARKER_MAPS
from image_generating.networks.wavelets import SUBBANDS, detail_from_subbands, high_pass

# Adam moves all weights of the last layer at once; whole, that is a tenth of the gray scale every step.
_SCALE = 0.1
# What this blur of the quarter grid leaves is the anatomy's; it halves waves of 30 pixels of the last grid.
_TAPS = 9
# In pixels of the last grid. Beyond its border the stage sees zeros, which drew a line along the image at 8.
_BORDER = 16
# Residual branches at a quarter and at a half of the grid.
_QUARTER_BRANCHES, _HALF_BRANCHES = 3, 2
_SLOPE = 0.2
# What is known of a place: the image, where in the atlas it is (down, right), from here on the marker, …
_MARKER = 1 + 2
# … and from here on grain.
KNOWN_MAPS = _MARKER + MARKER_MAPS


def structure(side: int, widths: tuple[int, int], pass_grain: bool) -> keras.Model:
    """What is known (side, side, KNOWN_MAPS + GRAIN_MAPS) → images (side, side, 1).

    Its layer `structure_drawing`, which is trained, makes (m, m, 1) of a window and the border around it,
    (m, m, …), where four divides m and where the window begins. Behind it is `structure_equalizer`.

    Args:
        side: of the last grid.
        widths: channels at a half and at a quarter of the grid.
        pass_grain: whether to hand on the grain behind the image, (side, side, 1 + GRAIN_MAPS).
    """
    known = keras.Input((side, side, KNOWN_MAPS + GRAIN_MAPS))
    before, after = borders(side)
    image = _drawing(widths)(bordered(known))[:, before:-after, before:-after]
    image = equalizer(side, "structure_equalizer")(image)
    if pass_grain:
        image = layers.Concatenate(name="structure_and_grain", dtype="float32")(
            [image, known[..., KNOWN_MAPS:]]
        )
    return keras.Model(known, image, name="structure")


def borders(side: int) -> tuple[int, int]:
    """Pixels of border that the stage needs before and after a window or a whole of this side."""
    before = min(_BORDER, (side - 4) // 4 * 4)
    return before, before + -side % 4


def bordered(known):
    """What is known (N, n, n, …) with a border that is mirrored, but for the marker, which is there once."""
    around = borders(known.shape[1])
    image_and_place, marker = known[..., :_MARKER], known[..., _MARKER:KNOWN_MAPS]
    parts = [mirrored(image_and_place, *around), ops.pad(marker, [(0, 0), around, around, (0, 0)])]
    if known.shape[-1] > KNOWN_MAPS:
        parts.append(mirrored(known[..., KNOWN_MAPS:], *around))
    return ops.concatenate(parts, axis=-1)


def _drawing(widths: tuple[int, int]) -> keras.Model:
    known = keras.Input((None, None, KNOWN_MAPS + GRAIN_MAPS))
    image, place, marker, noise = (
        known[..., :1],
        known[..., 1:_MARKER],
        known[..., _MARKER:KNOWN_MAPS],
        known[..., KNOWN_MAPS:],
    )
    half_width, quarter_width = widths
    shown = layers.Concatenate(name="structure_shown")([image, marker])
    x = conv(half_width, 4, "structure_half", strides=2)(shown)
    x = conv(half_width, 3, "structure_half_conv")(_relu("structure_half_relu")(x))
    y = conv(quarter_width, 4, "structure_quarter", strides=2)(_relu("structure_quarter_relu")(x))
    # Four by four values of the grain make one of unit variance.
    pooled = 4 * layers.AveragePooling2D(4, name="structure_grain")(noise)
    place = layers.AveragePooling2D(4, name="structure_place")(place)
    y = layers.Concatenate(name="structure_known")([y, _waves(place), pooled])
    y = layers.Conv2D(quarter_width, 1, name="structure_mix")(y)
    for number in range(_QUARTER_BRANCHES):
        y = _add_branch(y, quarter_width, f"structure_quarter_{number}")
    middle = zero_conv(1, "structure_middle")(_relu("structure_middle_relu")(y))
    middle = high_pass("structure_middle_sharpen", 1, _TAPS)(middle)
    y = layers.Conv2D(half_width, 1, name="structure_skip")(y)
    x = layers.Add(name="structure_add")([x, enlarge("structure_enlarge")(y)])
    for number in range(_HALF_BRANCHES):
        x = _add_branch(x, half_width, f"structure_half_{number}")
    subbands = zero_conv(SUBBANDS, "structure_subbands")(_relu("structure_relu")(x))
    sharpen = high_pass("structure_sharpen", SUBBANDS, _TAPS)
    detail = detail_from_subbands("structure", sharpen)(_SCALE * subbands)
    middle = enlarge("structure_middle_enlarge", 4)(_SCALE * middle)
    image = layers.Add(name="structure_image", dtype="float32")([image, middle, detail])
    return keras.Model(known, image, name="structure_drawing")


def fine(images):
    """What of images (N, n, n, 1) the stage may draw: all that is not the anatomy's."""
    side, cells = images.shape[1], _TAPS // 2
    reduced = ops.average_pool(mirrored(images, 0, -side % 4), 4, 4)
    rim = (cells, cells)
    reduced = ops.pad(reduced, [(0, 0), rim, rim, (0, 0)], mode="symmetric")
    blurred = ops.conv(reduced, binomial(_TAPS)[:, :, None, None].astype("float32"))
    return images - enlarge("structure_coarse", 4)(blurred)[:, :side, :side]


def _waves(place):
    """Places (n, n, 2) in [-1, 1] → their sines and cosines of one and two periods, (n, n, 8).

    A convolution can tell regions apart by these better than by two slopes (Tancik et al. 2020, "Fourier
    Features Let Networks Learn High Frequency Functions in Low Dimensional Domains").
    """
    angles = np.pi * place
    waves = [wave(periods * angles) for periods in (1, 2) for wave in (ops.sin, ops.cos)]
    return layers.Concatenate(name="structure_waves")(waves)


def _add_branch(x, channels: int, name: str):
    """A residual branch as in R3GAN (Huang et al. 2024): no normalization, and nothing is added at first."""
    branch = _relu(f"{name}_relu")(conv(channels, 3, f"{name}_conv")(x))
    branch = zero_conv(channels, f"{name}_residual")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def _relu(name: str) -> layers.LeakyReLU:
    return layers.LeakyReLU(_SLOPE, name=name)
