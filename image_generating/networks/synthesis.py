"""The generator's last stage: from an image at a quarter of the resolution to the full one.

It knows nothing but the image and white noise, so that it can be trained on reduced radiographs, as the
levels of LAPGAN are (Denton et al. 2015, "Deep Generative Image Models using a Laplacian Pyramid of
Adversarial Networks").
"""

import keras
import numpy as np
from keras import layers

from image_generating.networks.blocks import binomial, conv, enlarge, mirrored, zero_conv
from image_generating.networks.equalizer import equalizer
from image_generating.networks.grain import GRAIN_MAPS
from image_generating.networks.grids import REDUCTION
from image_generating.networks.wavelets import SUBBANDS, detail_from_subbands, fixed, high_pass_across

# How far its convolutions look, on the last grid.
_BORDER = 5
# Of the blur that hides edges from the strength of grain.
_GRAY_TAPS = 7
_GRAY_WIDTH = 8
_SLOPE = 0.2


def synthesis(side: int, width: int) -> keras.Model:
    """Images with grain (side/4, side/4, 1 + GRAIN_MAPS) → images (side, side, 1).

    Its layer `synthesis_…_drawing`, which is trained, makes (4n, 4n, 1) of a window and the border around
    it, (n, n, …). Behind it is `synthesis_…_equalizer`.
    """
    known = keras.Input((side // REDUCTION, side // REDUCTION, 1 + GRAIN_MAPS))
    before, after = borders(side // REDUCTION)
    drawn = _drawing(f"synthesis_{side}", width)(bordered(known))
    middle = slice(REDUCTION * before, -REDUCTION * after)
    image = equalizer(side, f"synthesis_{side}_equalizer")(drawn[:, middle, middle])
    return keras.Model(known, image, name=f"synthesis_{side}")


def borders(side: int) -> tuple[int, int]:
    """Pixels of border that the stage needs before and after a window or a whole of this side."""
    return (_BORDER, _BORDER)


def bordered(known):
    """What is known (N, n, n, …) with a mirrored border."""
    return mirrored(known, *borders(known.shape[1]))


def strengthen_grain(stage: keras.Model, factor: float) -> None:
    """Multiplies the grain that the stage adds to an image."""
    drawing = stage.get_layer(f"{stage.name}_drawing")
    for weight in drawing.get_layer(f"{stage.name}_strength").weights:
        weight.assign(factor * weight)


def _drawing(name: str, width: int) -> keras.Model:
    """To the image, enlarged bilinearly, it adds detail.

    The detail's subbands each have a part that follows from the image, and grain. How strong grain is
    follows from how bright the image is around, as in a radiograph, and from nothing else: with edges
    in sight it became noise along them.
    """
    known = keras.Input((None, None, 1 + GRAIN_MAPS))
    x = image = known[..., :1]
    noise = known[..., 1:]
    for number in range(2):
        x = conv(width, 3, f"{name}_conv_{number}")(x)
        x = layers.LeakyReLU(_SLOPE, name=f"{name}_relu_{number}")(x)
    bands = zero_conv(SUBBANDS, f"{name}_bands")(enlarge(f"{name}_enlarge")(x))
    gray = conv(_GRAY_WIDTH, 1, f"{name}_gray")(fixed(f"{name}_blur", [binomial(_GRAY_TAPS)])(image))
    gray = layers.LeakyReLU(_SLOPE, name=f"{name}_gray_relu")(gray)
    strength = layers.Conv2D(SUBBANDS, 1, kernel_initializer="zeros", name=f"{name}_strength")(gray)
    strength = enlarge(f"{name}_enlarge_strength")(strength)
    unpack = layers.Conv2DTranspose(
        SUBBANDS, 2, strides=2, use_bias=False, trainable=False, name=f"{name}_unpack"
    )
    noise = conv(SUBBANDS, 3, f"{name}_colour", use_bias=False)(unpack(noise))
    noise = layers.Multiply(name=f"{name}_grain")([strength, noise])
    bands = layers.Add(name=f"{name}_subbands")([bands, noise])
    detail = detail_from_subbands(name, high_pass_across(f"{name}_sharpen"))(bands)
    for factor in (2, 4):
        image = enlarge(f"{name}_enlarge_image_{factor}")(image)
    image = layers.Add(name=f"{name}_image", dtype="float32")([image, detail])
    drawing = keras.Model(known, image, name=f"{name}_drawing")
    # Four maps become one of twice the side, pixel by pixel.
    kernel = np.eye(GRAIN_MAPS).reshape(SUBBANDS, 2, 2, GRAIN_MAPS)
    unpack.kernel.assign(kernel.transpose(1, 2, 0, 3))
    return drawing
