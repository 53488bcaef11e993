"""Scores on the eval split, which choose the epoch to keep, the outside bias and the calibration.

Read `dev_scorer.py` first, then `entity_counter.py`, which counts what `biased_decoder.py` decodes, and
`calibration.py`.
"""
