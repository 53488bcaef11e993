"""Initial state of a tagger: fresh weights, pretrained vectors, weights of an earlier model, linear features.

Read `building.py` first, then `vectors.py`, `warm_start.py`, `linear_features.py` (which features the linear expert
has) and `linear_expert.py` (its weights by L-BFGS) as needed.
"""
