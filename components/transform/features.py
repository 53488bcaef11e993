"""Names of the features that the transform graph gives, and of the vocabularies that it holds."""

from __future__ import annotations

from typing import Final

PAD: Final = "[PAD]"
UNK: Final = "[UNK]"
PAD_ID: Final = 0
UNK_ID: Final = 1

# Raw features of an Example (components/ingest writes them).
KEY: Final = "key"
SENTENCE: Final = "sentence"
TAGS: Final = "tags"

# Transformed features, ragged [batch, tokens].
TOKENS: Final = "tokens"  # string, as they stand in the sentence
STARTS: Final = "starts"  # int64, code point offsets into the sentence
ENDS: Final = "ends"
WORD_IDS: Final = "word_ids"  # int64: 0 [PAD], 1 [UNK], then words by frequency
CASE_IDS: Final = "case_ids"  # int64: 0 padding, 1 to CASES - 1 by `case_ids`
SUBWORD_IDS: Final = "subword_ids"  # int64 [.., SUBWORD_COLUMNS]: 0 padding, 1 to SUBWORD_BUCKETS - 1 by `subword_ids`
TAG_IDS: Final = "tag_ids"  # int64: 0 [PAD], then tags by frequency; -1 for a tag that training never saw

MODEL_FEATURES: Final = (WORD_IDS, CASE_IDS, SUBWORD_IDS)

WORD_VOCABULARY: Final = "word_vocabulary"
TAG_VOCABULARY: Final = "tag_vocabulary"

CASES: Final = 7
SUBWORD_COLUMNS: Final = 10
SUBWORD_BUCKETS: Final = 1 << 15
