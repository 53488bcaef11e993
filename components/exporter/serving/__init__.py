"""The graph of an exported tagger: raw sentences in, tags, offsets and entities out.

Read `serving_module` first (the whole graph), then `signatures` (its entry points). The steps are `transform_graph`
(preprocessing), `sentence_logits` (the network), `decoding` (tags) and `entity_spans`; `golden` gives the tags that
training would give.
"""
