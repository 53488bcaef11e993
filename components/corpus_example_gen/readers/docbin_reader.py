"""Records of `.spacy` files: the `DocBin` of spaCy 2 and 3, read without spaCy.

A DocBin is a MessagePack map, packed with zlib. `tokens` holds one row of 64-bit numbers per token, in the order of
`attrs`; the numbers of words and types are hashes (MurmurHash64A, seed 1) of `strings`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.records import Records

ORTH, ENT_IOB, ENT_TYPE, SENT_START = 65, 77, 78, 80
"""Numbers of the attributes in spaCy."""

_UNKNOWN, _INSIDE, _OUTSIDE, _BEGIN = 0, 1, 2, 3  # values of ENT_IOB
_DEEPEST = 20
_MASK = (1 << 64) - 1
# Strings that spaCy numbers by a table instead of a hash, from the first number of each run.
_SYMBOLS = {
    1: (
        "IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM LIKE_EMAIL "
        "IS_STOP IS_OOV_DEPRECATED IS_BRACKET IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY"
    ),
    64: (
        "ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD "
        "SENT_START SPACY PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ "
        "SYM VERB X EOL SPACE"
    ),
    380: (
        "PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY "
        "QUANTITY ORDINAL CARDINAL acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm conj "
        "cop csubj csubjpass dep det dobj expl hmod hyph infmod intj iobj mark meta neg nmod nn npadvmod "
        "nsubj nsubjpass num number oprd obj obl parataxis partmod pcomp pobj poss possessive preconj prep "
        "prt punct quantmod relcl rcmod root xcomp acl ENT_KB_ID"
    ),
}
_NUMBERS = {text: number for first, names in _SYMBOLS.items() for number, text in enumerate(names.split(), first)}
# spaCy 2 stores the words, but not the names of the types.
_USUAL_TYPES = ("PER", "MISC")


class _Invalid(ValueError):
    """The file is not a DocBin."""


def is_docbin(data: bytes) -> bool:
    """Returns whether data are packed with zlib and begin with a MessagePack map that has `attrs` or `version`."""
    if data[:1] != b"\x78" or len(data) < 2 or (data[0] * 256 + data[1]) % 31:
        return False
    try:
        head = zlib.decompressobj().decompress(data, 64)
    except zlib.error:
        return False
    return b"attrs" in head or b"version" in head


def docbin_records(path: str, data: bytes, max_bytes: int) -> Records:
    """Returns one record per sentence, as `spacy_docs` reads it; a document without sentences is one.

    Args:
        path: the file, for errors.
        data: its content.
        max_bytes: most unpacked bytes (`corpus.max_unpacked_bytes`).

    Raises:
        CorpusError: the file is not a DocBin, or unpacks to more bytes.
    """
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(data, max_bytes)
        if unpacker.unconsumed_tail:
            fix = "Divide the file, or raise corpus.max_unpacked_bytes. The reader holds a file in memory."
            raise CorpusError(path, None, f"the file unpacks to more than {max_bytes:,} bytes", fix)
        if not unpacker.eof:
            raise _Invalid("it is incomplete")
        documents = list(_documents(_Unpacker(unpacked).value()))
        records = [record for document in enumerate(documents, 1) for record in _sentences(*document)]
    except (ValueError, zlib.error, LookupError, TypeError, AttributeError, struct.error) as error:
        problem = f"found an incomplete or invalid file of spaCy ({str(error) or type(error).__name__})"
        raise CorpusError(path, None, problem, "Write it again with DocBin.to_disk.") from error
    return Records(lambda: iter(enumerate(records, 1)), len(records))


class _Document(NamedTuple):
    """Tokens of a document: words, spaces after them, ENT_IOB, types, SENT_START (None if unknown)."""

    words: list[str]
    spaces: list[bool]
    iob: list[int]
    types: list[str]
    starts: list[int] | None


def _documents(message: Any) -> Iterator[_Document]:
    attrs = message["attrs"]
    strings = {_hash(text): text for text in [*_USUAL_TYPES, *message["strings"]]}
    strings.update({number: text for text, number in _NUMBERS.items()})
    strings[0] = ""
    if ORTH not in attrs:
        raise _Invalid("it has no words")
    width, lengths = len(attrs), struct.unpack(f"<{len(message['lengths']) // 4}i", message["lengths"])
    total = sum(lengths)
    if min(lengths, default=0) < 0 or len(message["tokens"]) != total * width * 8 or len(message["spaces"]) != total:
        raise _Invalid("its lengths do not agree")
    cells = struct.unpack(f"<{total * width}Q", message["tokens"])

    def column(attr: int) -> tuple[int, ...] | None:
        return cells[attrs.index(attr) :: width] if attr in attrs else None

    words, iob, types, starts = column(ORTH), column(ENT_IOB), column(ENT_TYPE), column(SENT_START)
    flags = message.get("flags") or [{}] * len(lengths)
    at = 0
    for length, flag in zip(lengths, flags, strict=True):
        part = slice(at, at + length)
        at += length
        marks = list(iob[part]) if iob is not None else [_UNKNOWN] * length
        if "flags" not in message and any(mark in (_INSIDE, _BEGIN) for mark in marks):
            marks = [mark or _OUTSIDE for mark in marks]  # spaCy 2 left tokens outside entities unknown
        spaces = [True] * length if flag.get("has_unknown_spaces") else list(map(bool, message["spaces"][part]))
        yield _Document(
            [_string(strings, word, "words") for word in (words or ())[part]],
            spaces,
            marks,
            [_string(strings, name, "types") for name in types[part]] if types is not None else [""] * length,
            list(starts[part]) if starts is not None else None,
        )


def _string(strings: dict[int, str], number: int, kind: str) -> str:
    if number not in strings:
        raise _Invalid(f"it lacks the names of {kind}, which spaCy 2 did not store; write it with spaCy 3")
    return strings[number]


def _sentences(number: int, document: _Document) -> Iterator[dict[str, Any]]:
    """Yields the sentences of a document with the spans of their entities, and its number if there are several."""
    length = len(document.words)
    begins = [i for i in range(1, length) if document.starts and document.starts[i] == 1 and document.iob[i] != _INSIDE]
    for first, last in zip([0, *begins], [*begins, length], strict=True):
        text, edges = "", []
        for word, space in zip(document.words[first:last], document.spaces[first:last], strict=True):
            edges.append((len(text), len(text) + len(word)))
            text += word + " " * space
        iob = document.iob[first:last]
        record: dict[str, Any] = {"text": text, "ents": [], **({"document": number} if begins else {})}
        if iob and all(value == _UNKNOWN for value in iob):
            record["unlabelled"] = True
        elif _UNKNOWN in iob:
            record["partly_labelled"] = document.words[first + iob.index(_UNKNOWN)]
        for i, value in enumerate(iob):
            if value == _BEGIN or (value == _INSIDE and (i == 0 or iob[i - 1] not in (_BEGIN, _INSIDE))):
                span = {"start": edges[i][0], "end": edges[i][1], "label": document.types[first + i]}
                record["ents"].append(span)
            elif value == _INSIDE:
                record["ents"][-1]["end"] = edges[i][1]
            elif value not in (_UNKNOWN, _OUTSIDE):
                raise _Invalid(f"it has the entity mark {value}")
        yield record


class _Unpacker:
    """Reads MessagePack: nil, booleans, numbers, texts, bytes, arrays and maps."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """Returns the next bytes."""
        if self.at + count > len(self.data):
            raise _Invalid("it is incomplete")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> Any:
        """Returns the next number in a form of `struct`, in network order."""
        return struct.unpack(f">{form}", self.take(struct.calcsize(f">{form}")))[0]

    def value(self, depth: int = 0) -> Any:
        """Returns the next value."""
        if depth > _DEEPEST:
            raise _Invalid("it has too many levels")
        kind = self.take(1)[0]
        if kind < 0x80:
            return kind
        if kind >= 0xE0:
            return kind - 256
        if kind < 0x90:
            return self.map(kind & 15, depth)
        if kind < 0xA0:
            return self.array(kind & 15, depth)
        if kind < 0xC0:
            return self.take(kind & 31).decode("utf-8")
        if kind in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[kind]
        if 0xC4 <= kind <= 0xC6:
            return self.take(self.number("BHI"[kind - 0xC4]))
        if 0xCA <= kind <= 0xD3:
            return self.number("fdBHIQbhiq"[kind - 0xCA])
        if 0xD9 <= kind <= 0xDB:
            return self.take(self.number("BHI"[kind - 0xD9])).decode("utf-8")
        if kind in (0xDC, 0xDD):
            return self.array(self.number("HI"[kind - 0xDC]), depth)
        if kind in (0xDE, 0xDF):
            return self.map(self.number("HI"[kind - 0xDE]), depth)
        raise _Invalid(f"it has a value of the kind 0x{kind:02X}")

    def array(self, count: int, depth: int) -> list[Any]:
        """Returns the next values."""
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[Any, Any]:
        """Returns the next pairs of key and value."""
        return {self.value(depth + 1): self.value(depth + 1) for _ in range(count)}


def string_number(text: str) -> int:
    """Returns spaCy's number of a string: one of its table, or the hash.

    >>> string_number("PERSON"), string_number("apple")
    (380, 8566208034543834098)
    """
    return _NUMBERS[text] if text in _NUMBERS else _hash(text)


def _hash(text: str) -> int:
    """Returns spaCy's number of a string: MurmurHash64A of its UTF-8 bytes, seed 1.

    >>> _hash("apple")
    8566208034543834098
    """
    data = text.encode("utf-8")
    if not data:
        return 0
    multiplier, shift = 0xC6A4A7935BD1E995, 47
    value = 1 ^ (len(data) * multiplier & _MASK)
    whole = len(data) // 8 * 8
    for (block,) in struct.iter_unpack("<Q", data[:whole]):
        block = block * multiplier & _MASK
        block = (block ^ block >> shift) * multiplier & _MASK
        value = (value ^ block) * multiplier & _MASK
    if tail := data[whole:]:
        value = (value ^ int.from_bytes(tail, "little")) * multiplier & _MASK
    value = (value ^ value >> shift) * multiplier & _MASK
    return value ^ value >> shift
