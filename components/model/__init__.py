"""Taggers, layers and losses: Keras models from token features to logits, on any Keras backend.

Read `taggers` first (the interface, and taggers by name), then `cnn_linear_tagger`, the default: its network consists
of `layers`, its linear expert is `context_features`, with the features of `feature_templates`. `encoder_preset` reads
an encoder of keras-hub for `encoder_tagger`. `losses` are their training losses.
"""
