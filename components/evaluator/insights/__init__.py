"""Insights: what the errors teach about model and labels (`components.evaluator.results.insights`).

training_labels.py counts words and entities of the training data; example_files.py reads them, and the file and line of
a key, from Examples. `components.evaluator.counts.insight_counts` counts the errors.
"""
