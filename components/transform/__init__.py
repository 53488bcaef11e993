"""Transform graph from raw sentences to ids, the same in training and in serving.

Read `features` first (names of the features), then `preprocessing` (`preprocessing_fn`). `case_ids`, `subwords`,
`gazetteers`, `clusters`, `vector_vocabulary` and `wordpieces` compute one feature each; `text_file` and `vector_file`
read the files of users, and `vocabulary_asset` puts them into the graph. `component` is the node, which counts words
with `bounded_vocabularies`; `transform_graph` calls its graph without Beam.
"""
