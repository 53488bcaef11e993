"""Data of the training: examples are cut into windows, kept as columns in files, and read in batches.

Read `batches.py` first, then `window_table.py` (the files) and `dataset.py` (the examples).
"""
