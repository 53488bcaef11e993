"""Names of the features and vocabularies of the transform graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

# Raw features of an Example, and features that taggers name.
from components.keys import CLUSTER_IDS as CLUSTER_IDS
from components.keys import GAZETTEER as GAZETTEER
from components.keys import KEY as KEY
from components.keys import SENTENCE as SENTENCE
from components.keys import TAGS as TAGS

PAD: Final = "[PAD]"
UNK: Final = "[UNK]"
UNK_ID: Final = 1

# Transformed features, ragged [batch, tokens].
TOKENS: Final = "tokens"  # string, unchanged bytes of the sentence
STARTS: Final = "starts"  # int64, code point offsets into the sentence
ENDS: Final = "ends"
WORD_IDS: Final = "word_ids"  # int64: 0 [PAD], 1 [UNK], then words by frequency
CASE_IDS: Final = "case_ids"  # int64: 0 padding, 1 to CASES - 1 by `case_ids`
SUBWORD_IDS: Final = "subword_ids"  # int64 [.., SUBWORD_COLUMNS]: 0 padding, 1 to SUBWORD_BUCKETS - 1 by `subword_ids`
TAG_IDS: Final = "tag_ids"  # int64: 0 [PAD], then tags by frequency; -1 for a tag that training never saw

# Only if configured, and for taggers that read them.
VECTOR_IDS: Final = "vector_ids"  # int64: 0 padding, 1 no vector, then by `preprocessing.vector_ids`
# GAZETTEER and a type, int64: 0 padding, then the codes of `Gazetteers.codes`
# CLUSTER_IDS, int64 [.., columns]: 0 padding, then by `clusters.Clusters`
PIECE_IDS: Final = "piece_ids"  # int64 [.., max_pieces]: 0 none, then ids of word pieces, each plus 1

MODEL_FEATURES: Final = (WORD_IDS, CASE_IDS, SUBWORD_IDS)

WORD_VOCABULARY: Final = "word_vocabulary"
TAG_VOCABULARY: Final = "tag_vocabulary"
VECTOR_VOCABULARY: Final = "vector_vocabulary"
PIECE_VOCABULARY: Final = "piece_vocabulary"
CLUSTER_WORDS: Final = "cluster_words"
GAZETTEER_TABLES: Final = "gazetteer_names"  # prefix; the rule of the names follows

CASES: Final = 7
SUBWORD_COLUMNS: Final = 10
SUBWORD_BUCKETS: Final = 1 << 15


def model_features(transformed: Collection[str]) -> tuple[str, ...]:
    """Returns the names of the features that a tagger reads, in a fixed order.

    Args:
        transformed: names of all features of a transform graph.

    Example:
        >>> model_features(["key", "word_ids", "case_ids", "subword_ids", "vector_ids"])
        ('word_ids', 'case_ids', 'subword_ids', 'vector_ids')
    """
    gazetteers = sorted(name for name in transformed if name.startswith(GAZETTEER))
    return (
        *MODEL_FEATURES,
        *(name for name in (VECTOR_IDS, PIECE_IDS, CLUSTER_IDS) if name in transformed),
        *gazetteers,
    )
