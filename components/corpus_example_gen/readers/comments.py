"""Comment lines: the id of a sentence, where documents begin, and metadata."""

from __future__ import annotations

import re

# `# sent_id = x`, `# text = a = b`: the name ends at the first equals sign.
_ASSIGNMENT = re.compile(r"#[ \t]*([^\s=][^=]*?)[ \t]*=[ \t]*(.*)")
_SPACED_ASSIGNMENT = re.compile(r"# +[^\s=][^=]*? = ")
_ID_NAMES = ("sent_id", "id")
_DOCUMENT = "newdoc"


class Comments:
    """Collects the comments before a sentence, and keeps those that hold for a whole document.

    Attributes:
        documents: how many documents were begun by a `# newdoc` comment.
    """

    def __init__(self) -> None:
        """Begins with no comment seen."""
        self.documents = 0
        self._key: str | None = None
        self._metadata: dict[str, str] = {}
        self._document: dict[str, str] = {}

    def add(self, line: str) -> None:
        """Takes in one comment line; a comment that assigns nothing is prose and is passed over."""
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
        """Returns (key, metadata) for the sentence that begins or ends now, and forgets them."""
        key, metadata = self._key, {**self._document, **self._metadata}
        self._key, self._metadata = None, {}
        return key, metadata


def is_assignment(line: str) -> bool:
    """Says whether a line of a space separated file is a `# name = value` comment."""
    return bool(_SPACED_ASSIGNMENT.match(line))
