"""Conversion of version records to MLflow's tags, and idempotent calls of its client."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from components.common.iterables import batched
from components.registry import names
from components.registry.errors import RegistryError
from components.registry.store.version import VersionRecord

_MOST_PER_REQUEST = {"params": 100, "tags": 100, "metrics": 1000}  # MLflow's limits
_MAX_TAG_CHARACTERS = 100_000  # MLflow's limit for the tags of a version
OWN_TAGS = (
    names.TREE_HASH_TAG,
    names.TRAINED_HASH_TAG,
    names.FILES_TAG,
    names.TRAINED_FILES_TAG,
    names.BLESSED_TAG,
    names.CONTRACT_VERSION_TAG,
    names.PARAMS_TAG,
    names.SLICES_TAG,
    names.TYPES_TAG,
)
TOO_LONG = "too long for a tag; see the files of the version"


@contextmanager
def ignoring(code: str) -> Iterator[None]:
    """Suppresses MLflow's error `code`, such as RESOURCE_DOES_NOT_EXIST."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != code:
            raise


def create_registered_model(client: Any, name: str, description: str = "") -> None:
    """Creates a registered model unless it exists."""
    with ignoring("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model(name, description=description or None)


def log_batches(client: Any, run_id: str, **entities: Sequence[Any]) -> None:
    """Logs `params`, `tags` and `metrics` of an MLflow run in requests of the permitted size."""
    for kind, values in entities.items():
        for batch in batched(values, _MOST_PER_REQUEST[kind]):
            client.log_batch(run_id, **{kind: batch})


def version_tags(record: VersionRecord, digest: str, contract_version: int | None = None) -> dict[str, str]:
    """Returns the tags of a version: those of the record, its metrics as text, and the registry's own.

    Args:
        record: the version's metadata.
        digest: tree hash of the model.
        contract_version: version of its serving contract; None if it has none.

    Raises:
        RegistryError: a tag is reserved or too long, or a metric is not finite.
    """
    for key, value in record.tags.items():
        if key in OWN_TAGS or key.startswith(names.METRIC_TAG_PREFIX):
            raise RegistryError(f"tag {key!r}: reserved for the registry. Use another name.")
        if len(value) > _MAX_TAG_CHARACTERS:
            raise RegistryError(
                f"tag {key!r}: {len(value)} characters exceed the limit of {_MAX_TAG_CHARACTERS}. "
                "Store the text as a file."
            )
    for key, score in record.metrics.items():
        if not math.isfinite(score):
            raise RegistryError(f"metric {key!r}: {score} is not finite. Leave the metric out.")
    own = {names.TREE_HASH_TAG: digest, names.BLESSED_TAG: str(record.blessed).lower()}
    if contract_version is not None:
        own[names.CONTRACT_VERSION_TAG] = str(contract_version)
    tables = {
        names.SLICES_TAG: record.metrics_by_slice,
        names.TYPES_TAG: record.metrics_by_type,
        names.PARAMS_TAG: record.params,
    }
    own |= {key: json_tag(values) for key, values in tables.items() if values}
    scores = {names.METRIC_TAG_PREFIX + key: repr(float(score)) for key, score in record.metrics.items()}
    return {**record.tags, **scores, **own}


def json_tag(values: Mapping[str, Any]) -> str:
    """Returns a mapping as the value of a tag, or `TOO_LONG`."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=dict)
    return text if len(text) <= _MAX_TAG_CHARACTERS else TOO_LONG
