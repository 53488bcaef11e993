"""Distillation: a larger tagger teaches a smaller one on unlabelled text (docs/distillation.md).

`teacher` is the trained tagger that gives each token a distribution over tags. `soft_labels` makes windows of
unlabelled texts with these distributions, which the Trainer adds to the train split, and the objective that learns from
them.
"""
