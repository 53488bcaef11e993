"""Scores on the eval split, which choose the epoch to keep and the outside bias.

Read `dev_scorer.py` first, then `entity_counter.py`.
"""
