"""Readers of corpus formats: columns, TSV, and the records of JSON, Parquet, spaCy and brat.

Read `corpus_reader` first: it finds the format by looking and cleans the sentences. Columns are read by
`columns_reader`, lines of tokens and tags by `tsv_reader`, texts with labels inside by `inline_reader`. Other files
become `records`; `span_tools` knows the tools that mark characters (`span_reader` checks their spans), `token_records`
those that tag tokens.
"""
