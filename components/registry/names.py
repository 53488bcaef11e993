"""Aliases, version tags and valid names of the registry."""

from __future__ import annotations

import re

from components.registry.errors import RegistryError

CHAMPION = "champion"
CANDIDATE = "candidate"
PREVIOUS = "previous"

# Tags of a version that the registry writes itself.
TREE_HASH_TAG = "tree_hash"
TRAINED_HASH_TAG = "trained_hash"
FILES_TAG = "files"
TRAINED_FILES_TAG = "trained_files"
BLESSED_TAG = "blessed"
CONTRACT_VERSION_TAG = "contract_version"
SLICES_TAG = "metrics_by_slice"
TYPES_TAG = "metrics_by_type"
PARAMS_TAG = "params"
METRIC_TAG_PREFIX = "metric."
REGISTERED_TAG = "registered"
"""Tag of an imported version: time of its registration in the registry that it came from, in ISO 8601."""

# Tags that a pipeline run writes.
RUN_ID_TAG = "run_id"
RUN_NAME_TAG = "run_name"
RUN_FINGERPRINT_TAG = "run_fingerprint"
BASELINE_VERSION_TAG = "baseline_version"
WARM_START_TAG = "warm_start_version"
FORCED_BLESSING_TAG = "forced_blessing"
CORPUS_TAG = "corpus_fingerprint"
DATA_TAG_PREFIX = "data."
SPAN_TAG = "data.span"

UPLOAD_TAG = "ner.upload"
"""Tag of the MLflow runs that hold the files of a version; the value is the model's name."""

HISTORY_SUFFIX = ".history"
"""The history of the model `ner` is the registered model `ner.history`; each of its versions is one entry."""

NO_VERSION = "none"
"""Text for "no version"; an empty text means the same."""

# MLflow forbids only '/' and ':'. The name is also a folder of the serving directory and a literal in MLflow's queries.
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED_ALIAS = re.compile(r"latest|v\d+", re.IGNORECASE)


def check_model_name(name: str) -> str:
    """Returns the name if it is valid for a registered model and for a folder.

    Raises:
        RegistryError: it is not valid.
    """
    if not _MODEL_NAME.fullmatch(name):
        raise RegistryError(
            f"model name {name!r}: only letters, digits, '.', '_' and '-' are allowed, and the first must be a letter "
            "or digit, because it also names a folder for TensorFlow Serving. Choose another name."
        )
    if name.endswith(HISTORY_SUFFIX):
        raise RegistryError(
            f"model name {name!r}: names that end in {HISTORY_SUFFIX!r} are for histories. Choose another name."
        )
    return name


def check_alias(alias: str) -> str:
    """Returns the alias if it is valid.

    Raises:
        RegistryError: it is not valid, or MLflow reserves it.
    """
    if not _ALIAS.fullmatch(alias) or _RESERVED_ALIAS.fullmatch(alias):
        raise RegistryError(
            f"alias {alias!r}: only letters, digits, '_' and '-' are allowed, the first must be a letter, and MLflow "
            "reserves 'latest' and 'v<number>'. Choose another alias."
        )
    return alias


def is_version(text: str) -> bool:
    """Returns whether a text is the number of a version; databases hold no numbers of more than nine digits.

    >>> is_version("12"), is_version("9999999999"), is_version("champion")
    (True, False, False)
    """
    return re.fullmatch("[0-9]{1,9}", text) is not None


def parse_version(text: str) -> int | None:
    """Returns a version number; None for "" and "none".

    Raises:
        RegistryError: the text is neither.

    >>> parse_version("3"), parse_version("none")
    (3, None)
    """
    if text in ("", NO_VERSION):
        return None
    if not is_version(text) or int(text) < 1:
        raise RegistryError(f"version {text!r}: not a version number. Give a number from 1 upwards or {NO_VERSION!r}.")
    return int(text)


def format_version(version: int | None) -> str:
    """Returns `version 3`, or `no version` for None."""
    return "no version" if version is None else f"version {version}"
