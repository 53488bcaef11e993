"""Helpers that every component uses, without TensorFlow.

Read `errors` first (`NerError`, the base of all errors that a user can fix), then `files` (atomic writes, locks),
`json_lines` (strict JSON of users) and `hashing` (identity of a model folder). `lazy_exports` keeps package imports
cheap.
"""

from __future__ import annotations

from components.common.errors import LockHeldError, NerError, quoted
from components.common.files import locked, write_atomically
from components.common.hashing import content_version, file_hashes, tree_hash
from components.common.json_lines import read_json_lines
from components.common.lazy_exports import lazy_exports

__all__ = [
    "LockHeldError",
    "NerError",
    "content_version",
    "file_hashes",
    "lazy_exports",
    "locked",
    "quoted",
    "read_json_lines",
    "tree_hash",
    "write_atomically",
]
