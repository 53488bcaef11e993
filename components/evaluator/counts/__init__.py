"""Counts of tagged sentences, which add up over batches and workers, and the scores computed from them. Only NumPy.

Read tagged_batch.py first (the input), then slice_counts.py (`count_slices`: a batch to counts of slices) and
scoring.py (counts to scores). counting.py fills a count_table.py with what entities.py, matches.py and one_to_one.py
find in the ids of tag_vocabulary.py; bootstrap.py draws; slicing.py defines slices; text_hashes.py knows the training
data; custom_metrics.py loads metrics of the user's own; errors_in_context.py and insight_counts.py select errors for
the report.
"""
