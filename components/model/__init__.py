"""Taggers, layers and losses: Keras models from token features to logits, on any Keras backend.

Read `taggers` first (the interface, and taggers by name), then `cnn_linear_tagger`, the default. Each other module
contains one tagger, layer or loss.
"""
