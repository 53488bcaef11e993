"""Text and tags, without Keras.

Read `words` first (the tokenizers in Python), then `tokenizer` (the same in the graph) and `folding` (case and digits);
`tags`, `spans` and `entity_scores` lead from tags to scores; `transitions` has the best valid IOB2 sequence and the
marginal probabilities of tags, `tag_probabilities` the latter in the graph. `scripts` and `sentences` hold rules of
languages, `windows` and `token_positions` arrange batches, `unlabelled` reads the texts of a teacher. Only tokenizer,
word_begins, windows, token_positions and tag_probabilities load TensorFlow.
"""

from __future__ import annotations

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "EntityCounts": "entity_scores",
        "PackedRow": "token_positions",
        "Scores": "entity_scores",
        "Span": "spans",
        "TokenPositions": "token_positions",
        "Tokens": "tokenizer",
        "Windows": "windows",
        "constrained_path": "transitions",
        "constrained_viterbi": "transitions",
        "fold": "folding",
        "marginals": "transitions",
        "split_tag": "tags",
        "strict_spans": "spans",
        "to_iob2": "tags",
        "tokenize": "tokenizer",
        "whitespace_offsets": "words",
        "word_offsets": "words",
    },
)
