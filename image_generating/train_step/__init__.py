"""How gradients are taken: all that differs between backends."""
