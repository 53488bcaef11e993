"""Encodings of text files that are not UTF-8, for the advice in errors."""

from __future__ import annotations

SINGLE_BYTE = "WINDOWS-1252"
"""Most frequent encoding with a byte for each character; ISO-8859-1 is the same without the bytes 0x80 to 0x9F."""


_LEAST = 8  # bytes


def utf16_without_mark(head: bytes) -> str:
    r"""Returns the name of UTF-16 without a byte order mark: every second byte is NUL in most texts; empty for others.

    Args:
        head: first bytes of a file, an even number of them if the file has more.

    Example:
        >>> utf16_without_mark("Oslo B-LOC".encode("utf-16-le")), utf16_without_mark(b"Oslo\0B-LOC")
        ('UTF-16LE', '')
    """
    even, odd = head[::2].count(0), head[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if len(head) < _LEAST or 4 * most < len(head) or 10 * least > most:
        return ""
    return "UTF-16LE" if odd > even else "UTF-16BE"
