"""Comment lines: sentence ids, document starts and metadata."""

from __future__ import annotations

import re

# `# sent_id = x`, `# text = a = b`: the name ends at the first equals sign.
_ASSIGNMENT = re.compile(r"#[ \t]*([^\s=][^=]*?)[ \t]*=[ \t]*(.*)")
_SPACED_ASSIGNMENT = re.compile(r"# +[^\s=][^=]*? = ")
_ID_NAMES = ("sent_id", "id")
_DOCUMENT = "newdoc"


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
        documents: number of `# newdoc` comments.
    """

    def __init__(self) -> None:
        """Starts without comments."""
        self.documents = 0
        self._key: str | None = None
        self._metadata: dict[str, str] = {}
        self._document: dict[str, str] = {}

    def add(self, line: str) -> None:
        """Adds one comment line. A comment without an assignment is prose and has no effect."""
        match = _ASSIGNMENT.fullmatch(line)
        name, value = (match[1], match[2].strip()) if match else (line.lstrip("# ").rstrip(), "")
        if name.split()[:1] == [_DOCUMENT]:
            self.documents += 1
            self._document = {name: value} if match else {}
        elif match and name in _ID_NAMES:
            self._key = value or None
        elif match:
            self._metadata[name] = value

    def take(self) -> tuple[str | None, dict[str, str]]:
        """Returns (key, metadata) of the current sentence, and forgets them."""
        key, metadata = self._key, {**self._document, **self._metadata}
        self._key, self._metadata = None, {}
        return key, metadata


def is_assignment(line: str) -> bool:
    """Returns whether a line of a space-separated file is a `# name = value` comment."""
    return bool(_SPACED_ASSIGNMENT.match(line))
