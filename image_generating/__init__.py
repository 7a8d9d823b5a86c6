"""Train a GAN on a few hundred chest radiographs and measure what it makes."""

__version__ = "0.1.0"
