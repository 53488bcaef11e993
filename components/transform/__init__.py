"""Transform graph: from raw sentences to the ids that a tagger reads, the same in training and in serving.

Read `features` first (names of all features), then `preprocessing` (`preprocessing_fn`). `case_ids`, `subwords`,
`vector_vocabulary` and `wordpieces` compute one feature each.
"""
