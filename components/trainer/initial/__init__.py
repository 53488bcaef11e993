"""Initial state of a tagger: fresh weights, pretrained vectors, weights of an earlier model, linear features.

Read `building.py` first, then `vectors.py`, `warm_start.py` and `linear_features.py` as needed.
"""
