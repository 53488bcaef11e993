"""TFX's local runner, with a run id that the caller knows and a cache that does not depend on the folder's path."""

from __future__ import annotations

import contextlib
import copy
import datetime
import functools
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from apache_beam.runners.portability.fn_api_runner import fn_runner
from tfx.components.example_gen import utils as example_gen_utils
from tfx.dsl.compiler import constants
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable import cache_utils, runtime_parameter_utils
from tfx.types import artifact, standard_component_specs

from components import keys
from components.common.progress import report_progress
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION
from configs.spec import PipelineConfig
from pipeline.run.relocation import without_root
from pipeline.run.tracking import track_run
from pipeline.run.work_lock import run_lock


class DagRunner(LocalDagRunner):
    """Runs a pipeline on this machine.

    TFX's runner chooses the id of a run itself, so of two runs of one work folder each would have to guess which is its
    own. Its cache compares paths, so it would take a moved work folder or corpus for a new one, and it would not notice
    that a pushed version is no longer in the registry.

    Example: tests/pipeline/run/test_dag_runner.py.

    Attributes:
        run_id: id of the run in ML Metadata.
    """

    def __init__(self, config: PipelineConfig) -> None:
        """Takes the configuration of the pipeline; chooses the run's id."""
        super().__init__()
        self.config = config
        self.run_id = datetime.datetime.now().isoformat()

    def run_with_ir(self, pipeline: Any, run_options: Any = None) -> None:
        """Runs the nodes one after another.

        Args:
            pipeline: the compiled pipeline.
            run_options: see `LocalDagRunner`.

        Raises:
            NerError: another run uses the work folder under another path, or a node refuses its inputs.
        """
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: self.run_id}
        )
        with (
            run_lock(self.config, self.run_id),
            _cache(self.config),
            _beam_stages(),
            track_run(self.config, self.run_id, pipeline),
        ):
            super().run_with_ir(pipeline, run_options)


@contextlib.contextmanager
def _cache(config: PipelineConfig) -> Iterator[None]:
    """Replaces two functions of TFX's launcher, which has no other place for them."""
    context = functools.partial(_cache_context, cache_utils.get_cache_context, str(config.root))
    outputs = functools.partial(_cached_outputs, cache_utils.get_cached_outputs, config)
    with (
        mock.patch.object(cache_utils, "get_cache_context", context),
        mock.patch.object(cache_utils, "get_cached_outputs", outputs),
    ):
        yield


@contextlib.contextmanager
def _beam_stages() -> Iterator[None]:
    """Reports the finished stages of Beam's pipelines on this machine; Beam has no other place for it."""
    execute = fn_runner.FnApiRunner._execute_bundle
    finished: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def executed(runner: Any, context: Any, *bundle: Any) -> Any:
        result = execute(runner, context, *bundle)
        finished[context] = min(finished.get(context, 0) + 1, len(context.stages))  # a stage may have several bundles
        report_progress("stages", finished[context], len(context.stages))
        return result

    with mock.patch.object(fn_runner.FnApiRunner, "_execute_bundle", executed):
        yield


def _cache_context(
    original: Callable[..., Any],
    root: str,
    *,
    input_artifacts: Mapping[str, Sequence[artifact.Artifact]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **others: Any,
) -> Any:
    """Returns TFX's cache context of a node without the paths of the work folder and of a corpus with a fingerprint."""
    inputs = {key: [_without_root(one, root) for one in values] for key, values in (input_artifacts or {}).items()}
    plain = {
        key: without_root(value, root) if isinstance(value, str) else value for key, value in (parameters or {}).items()
    }
    if plain.get(example_gen_utils.FINGERPRINT_PROPERTY_NAME):
        plain.pop(standard_component_specs.INPUT_BASE_KEY, None)
    return original(input_artifacts=inputs, parameters=plain, **others)


def _without_root(one: artifact.Artifact, root: str) -> artifact.Artifact:
    copied = copy.deepcopy(one)
    copied.uri = without_root(copied.uri, root)
    for value in copied.mlmd_artifact.custom_properties.values():
        if value.WhichOneof("value") == "string_value":
            value.string_value = without_root(value.string_value, root)
    return copied


def _cached_outputs(original: Callable[..., Any], config: PipelineConfig, *args: Any, **kwargs: Any) -> Any:
    """Returns TFX's cached outputs of a node; None if the registry lacks the version that they name."""
    outputs = original(*args, **kwargs)
    pushed = (outputs or {}).get("pushed_model")
    return outputs if not pushed or _is_still_pushed(pushed[0], config) else None


def _is_still_pushed(pushed: artifact.Artifact, config: PipelineConfig) -> bool:
    number = pushed.get_int_custom_property(keys.REGISTRY_VERSION)
    if not number:
        return True
    version = ModelRegistry(config.registry_uri).get(config.name, number)
    if version is None or version.tree_hash != pushed.get_string_custom_property(keys.TREE_HASH):
        return False
    if not pushed.get_int_custom_property(keys.PUSHED):
        return True
    folder = pushed.get_string_custom_property(keys.PUSHED_DESTINATION)
    return CHAMPION in version.aliases and (not folder or Path(folder).is_dir())
