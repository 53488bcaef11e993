"""The graph of an exported tagger: raw sentences in, tags, offsets and entities out.

Read `serving_module` first (the whole graph), then `signatures` (its entry points; `custom_signatures` adds those of
users). The steps are preprocessing (`components.transform.transform_graph`), `sentence_splits` (long texts),
`sentence_logits` (the tagger; `cnn_linear_graph` is the fast form of the default one), `decoding` (tags) and
`entity_spans`. `golden` computes the same tags without these modules, for the validator.
"""
