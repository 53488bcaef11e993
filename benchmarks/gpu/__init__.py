"""Training speed on an accelerator, measured with nothing but keras, jax and numpy."""
