"""Evaluation of logged predictions against labels that arrive later (`ner evaluate`), without TensorFlow.

Read evaluation.py first (`evaluate_delayed_labels`), then prediction.py and label.py (the two inputs) and alignment.py
(common tokens). label_store.py finds labels by key; join_account.py accounts for every line.
"""
