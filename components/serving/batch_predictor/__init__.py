"""Batch prediction as a node of a pipeline: `ner compile --batch`.

Read `component` first; the work is done by `components.serving.batch_prediction`.
"""
