"""Counts of tagged sentences, which add up over batches and workers, and the scores computed from them. Only NumPy.

Read tagged_batch.py first (the input), then slice_counts.py (`count_slices`: a batch to counts of slices) and
scoring.py (counts to scores). counting.py, matches.py and entities.py count; bootstrap.py draws; slicing.py defines
slices; custom_metrics.py loads metrics of the user's own; errors_in_context.py and insight_counts.py select errors
for the report.
"""
