"""Writers of spaCy 3: `.spacy` (DocBin), with which it trains, and its training JSON. Both need no spaCy.

A DocBin is a MessagePack map, packed with zlib; `components.corpus_example_gen.readers.docbin_reader` describes it.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from components.corpus_example_gen.readers.docbin_reader import ENT_IOB, ENT_TYPE, ORTH, SENT_START, string_number
from components.corpus_tools.sentence import AnnotatedSentence
from components.corpus_tools.writers.spans import as_text
from components.corpus_tools.writers.writer import RecordWriter, Writer

_ATTRIBUTES = (ORTH, ENT_IOB, ENT_TYPE, SENT_START)
_INSIDE, _OUTSIDE, _BEGIN = 1, 2, 3  # values of ENT_IOB
_YES, _NO = 1, 2**64 - 1  # values of SENT_START
_VERSION = "0.1"


class DocBinWriter(Writer):
    """Writes a DocBin with a document for each sentence; white space that is not one space becomes a token."""

    name = "spacy"
    title = "spaCy 3 (.spacy)"
    extension = "spacy"

    def write(self, sentences: Iterable[AnnotatedSentence], path: Path) -> None:
        """Writes one part, which memory holds, in compact form."""
        cells, spaces, lengths = array("Q"), bytearray(), array("i")
        strings: dict[str, int] = {"": 0}

        def number(text: str) -> int:
            if text not in strings:
                strings[text] = string_number(text)
            return strings[text]

        for sentence in sentences:
            self.lose_scores(sentence)
            self.lose("ids", sentence.key)
            self.lose("metadata", sentence.metadata)
            tokens = _tokens(as_text(self, sentence))
            for i, (word, space, mark, label) in enumerate(tokens):
                cells.extend((number(word), mark, number(label), _NO if i else _YES))
                spaces.append(space)
            lengths.append(len(tokens))
        count = len(lengths)
        message = {
            "version": _VERSION,
            "attrs": list(_ATTRIBUTES),
            "tokens": struct.pack(f"<{len(cells)}Q", *cells),
            "lengths": struct.pack(f"<{count}i", *lengths),
            "spaces": bytes(spaces),
            "strings": sorted(filter(None, strings)),
            "cats": [{}] * count,
            "flags": [{"has_unknown_spaces": False}] * count,
        }
        path.write_bytes(zlib.compress(_packed(message)))


def _tokens(sentence: AnnotatedSentence) -> list[tuple[str, bool, int, str]]:
    """Returns (word, whether a space follows, ENT_IOB, ENT_TYPE) of the tokens that give the text.

    As in spaCy, the first space after a token belongs to it, and other white space is a token.
    """
    tokens: list[tuple[str, bool, int, str]] = []
    ends = [start for start, _ in sentence.offsets[1:]] + [len(sentence.text)]
    if sentence.offsets and sentence.offsets[0][0]:
        tokens.append((sentence.text[: sentence.offsets[0][0]], False, _OUTSIDE, ""))
    entities = iter(sentence.entities)
    entity = next(entities, None)
    for (start, end), after in zip(sentence.offsets, ends, strict=True):
        while entity is not None and entity.end <= start:
            entity = next(entities, None)
        inside = entity is not None and entity.start <= start
        label = entity.label if entity is not None and inside else ""
        begins = entity is not None and entity.start == start
        mark = _BEGIN if begins else _INSIDE if inside else _OUTSIDE
        gap = sentence.text[end:after]
        space = gap.startswith(" ")
        tokens.append((sentence.text[start:end], space, mark, label))
        if rest := gap[space:]:
            goes_on = entity is not None and inside and entity.end > end
            tokens.append((rest, False, _INSIDE if goes_on else _OUTSIDE, label if goes_on else ""))
    return tokens


class TrainingJsonWriter(RecordWriter):
    """Writes the training JSON, which `spacy convert` turns into `.spacy`; a document for each sentence."""

    name = "spacy"
    title = "spaCy 3 (training JSON)"
    extension = "json"
    opening, separator, closing = "[\n", ",", "]\n"

    def record(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the document of a sentence."""
        self.lose_scores(sentence)
        self.lose("ids", sentence.key)
        self.lose("metadata", sentence.metadata)
        tags = ["O"] * len(sentence.words)
        for entity, (first, last) in zip(sentence.entities, sentence.token_spans, strict=True):
            prefixes = "U" if last - first == 1 else f"B{'I' * (last - first - 2)}L"
            tags[first:last] = [f"{prefix}-{entity.label}" for prefix in prefixes]
        tokens = [
            {"id": i, "orth": word, "ner": tag} for i, (word, tag) in enumerate(zip(sentence.words, tags, strict=True))
        ]
        return {"id": number - 1, "paragraphs": [{"raw": sentence.text, "sentences": [{"tokens": tokens}]}]}


def _packed(value: Any) -> bytes:
    """Returns a value as MessagePack, in the forms with 32-bit lengths."""
    if isinstance(value, dict):
        pairs = b"".join(_packed(name) + _packed(item) for name, item in value.items())
        return struct.pack(">BI", 0xDF, len(value)) + pairs
    if isinstance(value, list):
        return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(_packed, value))
    if isinstance(value, str):
        data = value.encode()
        return struct.pack(">BI", 0xDB, len(data)) + data
    if isinstance(value, bytes):
        return struct.pack(">BI", 0xC6, len(value)) + value
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    return struct.pack(">BI", 0xCE, value)
