"""How good, how diverse and how private generated images are."""
