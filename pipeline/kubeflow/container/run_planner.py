"""First node of every run on Kubeflow: decides whether the run trains, and fixes what it reads.

`python -m pipeline.kubeflow.container.run_planner` is the command of its container. It imports neither TFX nor
TensorFlow. The decision is that of `ner retrain`, with other settings and other code as one more reason.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from absl import logging
from pydantic import BaseModel, ConfigDict

from components.common.errors import NerError
from components.common.files import write_atomically
from components.keys import NEWEST_SPAN

CORPUS, DECISION, TRAIN = "corpus", "decision", "train"
"""Names of the node's artifacts, and of its parameter, which is also an output."""

DUE, ALWAYS = "due", "always"
"""Values of the run parameter `train`."""

OUTPUTS = (TRAIN, "span", "run_name", "baseline", "baseline_content", "corpus_fingerprint", "run_fingerprint")
"""Names of the output parameters."""

RUN_PLANNER = "RunPlanner"
"""Name of the node."""

_TIME = re.compile(r"\{time(?::(?P<format>[^{}]*))?\}")


class PlannerSettings(BaseModel):
    """Facts that the node has from the compilation.

    Attributes:
        config: JSON form of the `PipelineConfig`.
        splits: (name, file pattern) of the configured splits.
        schema_text: text of the schema.
        pretrained: see `RunInputs.pretrained`.
        warm_start: whether each training starts from the champion's weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: dict[str, Any]
    splits: tuple[tuple[str, str], ...]
    schema_text: str
    pretrained: dict[str, dict[str, Any]]
    warm_start: bool


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """A run before its first node.

    Attributes:
        outputs: value of each of `OUTPUTS`.
        reason: why the run trains or not, in words.
    """

    outputs: Mapping[str, str]
    reason: str

    @property
    def trains(self) -> bool:
        """True if the other nodes run."""
        return self.outputs[TRAIN] == "yes"

    def to_markdown(self) -> str:
        """Returns the plan as the web interface shows it."""
        rows = "\n".join(
            f"| {name.replace('_', ' ')} | {value or '-'} |" for name, value in self.outputs.items() if name != TRAIN
        )
        verdict = "This run trains" if self.trains else "This run does not train"
        return f"## {verdict}\n\n{self.reason}\n\n| | |\n|---|---|\n{rows}\n"


def plan_run(settings: PlannerSettings, corpus: Path, parameters: Mapping[str, Any]) -> RunPlan:
    """Decides whether a run trains.

    Args:
        settings: what the compilation knows.
        corpus: folder with the files of the corpus.
        parameters: of the run: `span`, `epochs`, `run_name`, `baseline`, `train` and `time`. `{time:FORMAT}` in `span`
            and `run_name` becomes the time of the schedule in UTC, with a format of `strftime`.

    Raises:
        NerError: a parameter is not valid, or the corpus or the registry cannot be read.
    """
    # Not at the top: the compiler reads this module's names.
    from components.registry.model_registry import ModelRegistry
    from pipeline.retraining.outcome import DUE as TO_TRAIN
    from pipeline.retraining.plan import make_plan
    from pipeline.run.inputs import RunInputs, inputs_of_corpus

    train = parameters[TRAIN]
    if train not in (DUE, ALWAYS):
        raise NerError(f"train: got {train!r}. Give {DUE!r} (only with a reason) or {ALWAYS!r}.")
    span = _with_time("span", parameters["span"], parameters["time"])
    config = _config(settings.config, corpus, span, int(parameters["epochs"]))
    configured = RunInputs(
        None, settings.splits, settings.schema_text, window=config.corpus.window, pretrained=settings.pretrained
    )
    inputs = inputs_of_corpus(config, corpus, configured, settings.warm_start)
    registry = ModelRegistry(config.registry_uri)
    registry.check_ready(config.name)
    plan = make_plan(config, registry, inputs, force="train=always" if train == ALWAYS else "", settings_count=True)
    baseline, content = registry.resolve_baseline(config.name, parameters["baseline"], inputs.fingerprint)
    outputs = {
        TRAIN: "yes" if plan.decision.kind == TO_TRAIN else "no",
        "span": span,
        "run_name": _with_time("run_name", parameters["run_name"], parameters["time"]),
        "baseline": baseline,
        "baseline_content": content,
        "corpus_fingerprint": inputs.corpus_fingerprint,
        "run_fingerprint": inputs.fingerprint,
    }
    return RunPlan(outputs, plan.decision.text)


def _config(values: Mapping[str, Any], corpus: Path, span: str, epochs: int) -> Any:
    """Returns the configuration with the parameters of the run."""
    from components.corpus_example_gen.corpus.span_window import requested_span
    from configs.spec import PipelineConfig

    of_run = {
        "corpus": {**values["corpus"], "path": str(corpus), "span": requested_span(span)},
        "trainer": {**values["trainer"], "epochs": epochs},
    }
    return PipelineConfig.model_validate({**values, **of_run})


def _with_time(name: str, text: str, time: str) -> str:
    """Replaces `{time:FORMAT}` by the time of the schedule.

    >>> _with_time("run_name", "nightly-{time:%Y-%m-%d}", "2026-11-27T03:00:00Z")
    'nightly-2026-11-27'
    """

    def formatted(match: re.Match[str]) -> str:
        try:
            moment = datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone(timezone.utc)
        except ValueError:
            raise NerError(
                f"{name}: {match[0]} needs KFP 2.17; this server gives no time of a schedule. Give a plain value."
            ) from None
        return moment.strftime(match["format"] or "%Y-%m-%dT%H:%M:%SZ")

    return _TIME.sub(formatted, text)


def begin_mlflow_run(settings: PlannerSettings, plan: RunPlan, run_id: str) -> None:
    """Begins the MLflow run of a run that trains, so that a run that fails before RegistryPusher has one, too.

    Raises:
        RegistryError: the registry cannot be written.
    """
    from components.registry.model_registry import ModelRegistry
    from components.registry.names import BASELINE_VERSION_TAG, RUN_FINGERPRINT_TAG, RUN_ID_TAG, RUN_NAME_TAG
    from components.registry.store.version import VersionRecord

    config = _config(settings.config, Path(), NEWEST_SPAN, 1)
    tags = {
        RUN_ID_TAG: run_id,
        RUN_NAME_TAG: plan.outputs["run_name"],
        RUN_FINGERPRINT_TAG: plan.outputs["run_fingerprint"],
        BASELINE_VERSION_TAG: plan.outputs["baseline"],
    }
    record = VersionRecord(tags={name: value for name, value in tags.items() if value})
    ModelRegistry(config.registry_uri).pipeline_runs(config.name).begin_on_cluster(record)


def run(arguments: Sequence[str]) -> None:
    """Plans the run of an ExecutorInput and writes the ExecutorOutput.

    Args:
        arguments: `--executor_input` and `--settings`, both JSON.

    Raises:
        NerError: see `plan_run`.
    """
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

    from pipeline.kubeflow.container.executor_input import node_and_run
    from pipeline.kubeflow.container.executor_output import write_output
    from pipeline.kubeflow.container.mirror import to_path

    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", allow_abbrev=False)
    parser.add_argument("--executor_input", required=True, help="JSON of the ExecutorInput")
    parser.add_argument("--settings", required=True, help="JSON of the PlannerSettings")
    known = parser.parse_args(list(arguments))
    message = json_format.Parse(known.executor_input, spec_pb2.ExecutorInput(), ignore_unknown_fields=True)
    values = json_format.MessageToDict(message.inputs).get("parameterValues", {})
    corpus = Path(to_path(message.inputs.artifacts[CORPUS].artifacts[0].uri))
    settings = PlannerSettings.model_validate_json(known.settings)
    plan = plan_run(settings, corpus, values)
    _, run_id = node_and_run(message, __name__)
    if plan.trains and run_id:
        begin_mlflow_run(settings, plan, run_id)
    logging.info("%s: %s", "Trains" if plan.trains else "Does not train", plan.reason)
    result = spec_pb2.ExecutorOutput()
    for name, value in plan.outputs.items():
        result.parameter_values[name].string_value = value
    page = to_path(message.outputs.artifacts[DECISION].artifacts[0].uri)
    Path(page).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(page, plan.to_markdown())
    result.artifacts[DECISION].artifacts.add(uri=page)
    write_output(result, to_path(message.outputs.output_file))


def main() -> None:
    """Runs the node; the last line of a failure is `error: RunPlanner: <problem>`."""
    from pipeline.kubeflow.container.entry_point import end_process, run_node

    end_process(lambda: run_node(lambda: RUN_PLANNER, lambda: run(sys.argv[1:])))


if __name__ == "__main__":
    main()
