"""Integration into TensorFlow Model Analysis and Beam.

Read extractor.py first: it predicts, counts and slices batches of Examples. entity_metrics.py adds the counts up and
converts them to scores. predictor.py calls the exported model; retokenized.py scores raw texts;
example_columns.py reads Arrow columns.
"""
