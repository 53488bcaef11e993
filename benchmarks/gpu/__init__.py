"""Training speed on an accelerator; read `train_speed.py` first. Needs keras, jax and numpy only."""
