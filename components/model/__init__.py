"""Taggers, layers and losses: Keras models from token features to logits, on any Keras backend.

Read `taggers` first (the interface, and taggers by name), then `cnn_linear_tagger`, the default, whose linear expert
has the features of `feature_templates`. `encoder_preset` and `encoder_library` read an encoder of keras-hub for
`encoder_tagger`. Nearly every other module contains one tagger, layer or loss.
"""
