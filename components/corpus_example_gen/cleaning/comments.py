"""Comment lines: sentence ids, document starts and metadata."""

from __future__ import annotations

from collections.abc import Collection

from components.corpus_example_gen.cleaning.labels import is_tag_like, looks_outside
from components.text.tags import is_valid_tag

_ID_NAMES = ("sent_id", "id")
_DOCUMENT = "newdoc"
_OF_SENTENCE = (["sent_id"], ["id"], ["text"], ["newpar"])


class Comments:
    """Collects the comments before a sentence, and keeps those that apply to a whole document.

    Example:
        >>> comments = Comments()
        >>> for line in ("# newdoc = a", "# sent_id = 7", "# genre = blog"):
        ...     comments.add(line)
        >>> comments.take()
        ('7', {'newdoc': 'a', 'genre': 'blog'})
        >>> comments.take()
        (None, {'newdoc': 'a'})

    Attributes:
        documents: number of documents that began.
        document: name of the current document, or its number if it has no name; None before the first one.
    """

    def __init__(self) -> None:
        """Starts without comments."""
        self.documents = 0
        self.document: str | int | None = None
        self._key: str | None = None
        self._metadata: dict[str, str] = {}
        self._document: dict[str, str] = {}

    def begin_document(self, name: str = "") -> None:
        """Begins a document, with a name if it has one."""
        self.documents += 1
        self.document = name or self.documents

    def add(self, line: str) -> None:
        """Adds one comment line. A comment without an assignment is prose and has no effect."""
        head, tab, rest = line[1:].strip("# \t").partition("\t")
        if tab and "=" not in head:  # MultiCoNER: `# id 5a6b<TAB>domain=en`
            name, _, value = head.partition(" ")
            self._key = value.strip() or self._key if name in _ID_NAMES else self._key
            line = f"# {rest}"
        elif (
            (words := head.split(None, 2))
            and words[0] in _ID_NAMES
            and "=" in "".join(words[2:])
            and "=" not in words[1]
        ):
            self._key, line = words[1], f"# {words[2]}"
        # `# sent_id = x`, `# text = a = b`: the name ends at the first equals sign.
        name, sign, value = line[1:].partition("=")
        name, value = name.strip("# \t"), value.strip()
        if name.split(None, 1)[:1] == [_DOCUMENT]:
            self.begin_document(value)
            self._document = {name: value} if sign else {}
        elif sign and name in _ID_NAMES:
            self._key = value or None
        elif sign and name:
            self._metadata[name] = value

    def take(self) -> tuple[str | None, dict[str, str]]:
        """Returns (key, metadata) of the current sentence, and forgets them."""
        key, metadata = self._key, {**self._document, **self._metadata}
        self._key, self._metadata = None, {}
        return key, metadata


def is_assignment(line: str) -> bool:
    """Returns whether a line is a comment `# name = value`, with spaces around the equals sign.

    >>> is_assignment("# text = a"), is_assignment("#tag=x O")
    (True, False)
    """
    name, sign, _ = line.partition(" = ")
    return line.startswith("# ") and bool(sign) and bool(name[1:].strip()) and "=" not in name


def begins_sentence(line: str) -> bool:
    """Returns whether a comment `# name = value` belongs to a sentence or document that begins after it.

    >>> begins_sentence("# sent_id = 7"), begins_sentence("# newdoc id = a"), begins_sentence("# language = en")
    (True, True, False)
    """
    name = line[1:].partition("=")[0].split()
    return name[:1] in ([_DOCUMENT], *_OF_SENTENCE)


def is_prose(line: str, width: int, labels: Collection[str]) -> bool:
    """Returns whether a line that starts with `#`, and has no tab, is a comment and not a row with a wrong separator.

    Args:
        line: the line.
        width: number of columns of the file.
        labels: labels of other rows of the file; empty if unknown.
    """
    if is_assignment(line):
        return True
    words = line.split()
    if len(words) == 1:
        return len(line.rstrip()) == 1 or "=" in line
    return len(words) != width or not is_label(words[-1], labels)


def is_label(word: str, labels: Collection[str]) -> bool:
    """Returns whether the last word of a line that starts with `#` is a label, so that the line is a row."""
    outside = looks_outside(word, certain=True) and (len(word) == 1 or word.isalnum())
    return word in labels or is_valid_tag(word) or outside or (len(word) > 1 and is_tag_like(word))
