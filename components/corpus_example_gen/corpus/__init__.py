"""Layout of a corpus folder: which files belong to which split and span.

Read `layout` first, then `span_window`; `parallel_files` recognizes a corpus in two files.
"""
