"""Sentences that are worth labelling next: active learning.

Read `uncertainty` first (of one model, or of two), then `ranking` (the best candidates of a stream, and a choice among
them without near duplicates) and `search` (rows in, suggestions with the labels of the model out).
"""
