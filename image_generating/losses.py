"""What the two networks are trained on: one function for each player's loss, one for the penalty."""

from collections.abc import Callable

from keras import ops


def relativistic(real_logits, fake_logits):
    """Relativistic pairing loss (Jolicoeur-Martineau 2019; R3GAN, Huang et al. 2024).

    Each real image is compared with one generated image, so that neither player can win by moving
    all logits together.

    Args:
        real_logits: (N, 1), of real images.
        fake_logits: (N, 1), of generated images.

    Returns:
        The discriminator's and the generator's loss, scalars; both are ln 2 when nothing can be told apart.
    """
    difference = real_logits - fake_logits
    return ops.mean(ops.softplus(-difference)), ops.mean(ops.softplus(difference))


def non_saturating(real_logits, fake_logits):
    """Binary cross-entropy with the non-saturating generator loss (Goodfellow et al. 2014).

    Args:
        real_logits: (N, 1), of real images.
        fake_logits: (N, 1), of generated images.

    Returns:
        The discriminator's and the generator's loss, scalars; 2 ln 2 and ln 2 when nothing can be told apart.
    """
    discriminator = ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
    return discriminator, ops.mean(ops.softplus(-fake_logits))


def gradient_penalty(discriminator: Callable, images, logits, noise, sigma: float):
    """Zero-centered gradient penalty (R1 and R2; Mescheder et al. 2018) by finite difference.

    For Gaussian e, the mean of ((D(x + σe) − D(x)) / σ)² tends to |∇D(x)|² as σ shrinks. It needs no
    second derivative, which costs a third of the time and which some backends lack for some layers.

    Args:
        discriminator: images → logits.
        images: (n, R, R, 1) real or generated images.
        logits: (n, 1), the discriminator's logits of exactly these images.
        noise: like `images`, standard normal.
        sigma: size of the step, in gray values.

    Returns:
        The mean squared gradient norm, a scalar, to be multiplied by γ/2.
    """
    slope = (discriminator(images + sigma * noise) - logits) / sigma
    return ops.mean(ops.square(slope))


LOSSES = {"relativistic": relativistic, "non-saturating": non_saturating}
