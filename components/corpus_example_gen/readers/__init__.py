"""Readers of the corpus formats: columns (CoNLL), TSV and JSON lines.

Read `corpus_reader` first: it selects one of `columns_reader`, `tsv_reader` and `jsonl_reader`, and cleans the
sentences that they return.
"""
