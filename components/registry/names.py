"""The words of the registry: aliases, reserved tags, and which names are allowed."""

from __future__ import annotations

import re

from components.registry.errors import RegistryError

CHAMPION = "champion"
CANDIDATE = "candidate"
PREVIOUS = "previous"

TREE_HASH_TAG = "tree_hash"
RUN_ID_TAG = "run_id"
RUN_FINGERPRINT_TAG = "run_fingerprint"
BASELINE_VERSION_TAG = "baseline_version"
TRAINED_HASH_TAG = "trained_hash"
WARM_START_TAG = "warm_start_version"
CORPUS_TAG = "corpus_fingerprint"
BLESSED_TAG = "blessed"
CONTRACT_VERSION_TAG = "contract_version"
SLICES_TAG = "metrics_by_slice"
PARAMS_TAG = "params"
TYPES_TAG = "metrics_by_type"
METRIC_TAG_PREFIX = "metric."

HISTORY_SUFFIX = ".history"
"""The history of the model `ner` is the registered model `ner.history`, one version an entry."""

NO_VERSION = "none"
"""How "no version" is written where a version is asked for as text; an empty text means the same."""

# MLflow itself forbids only '/' and ':'; the name is also a folder of the serving directory and stands in quotes in
# MLflow's search language.
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED_ALIAS = re.compile(r"latest|v\d+", re.IGNORECASE)


def check_model_name(name: str) -> str:
    """Returns the name if it can name a registered model and a folder.

    Raises:
        RegistryError: If it cannot.
    """
    if not _MODEL_NAME.fullmatch(name):
        raise RegistryError(
            f"model name {name!r}: only letters, digits, '.', '_' and '-' are allowed, and the first must be a letter "
            "or digit, because it also names a folder for TF Serving. Choose another name."
        )
    if name.endswith(HISTORY_SUFFIX):
        raise RegistryError(f"model name {name!r}: names that end in {HISTORY_SUFFIX!r} are histories. Choose another.")
    return name


def check_alias(alias: str) -> str:
    """Returns the alias if it is allowed.

    Raises:
        RegistryError: If it has other characters than letters, digits, '_' and '-', or is one MLflow reserves.
    """
    if not _ALIAS.fullmatch(alias) or _RESERVED_ALIAS.fullmatch(alias):
        raise RegistryError(
            f"alias {alias!r}: write letters, digits, '_' and '-', beginning with a letter; 'latest' and 'v<number>' "
            "are reserved by MLflow. Choose another alias."
        )
    return alias


def parse_version(text: str) -> int | None:
    """Reads the number of a version; "" and "none" mean no version.

    Raises:
        RegistryError: If the text is neither.
    """
    if text in ("", NO_VERSION):
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise RegistryError(f"version {text!r}: expected a whole number from 1 upwards, or {NO_VERSION!r}.")
    return int(text)
