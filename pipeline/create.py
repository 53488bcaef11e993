"""The pipeline: which components, wired how. Every runner runs this one definition."""

from __future__ import annotations

import json
from typing import Any

from tfx.components import StatisticsGen, Transform
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline

from components.data_checks.component import DataValidator
from components.drift.component import DriftGate
from components.drift.drift_thresholds import DriftThresholds
from components.evaluator.component import Evaluator
from components.evaluator.eval_config import eval_config
from components.exporter.component import Exporter
from components.exporter.settings import ExportSettings
from components.ingest.component import CorpusExampleGen
from components.ingest.read_options import ReadOptions
from components.registry.champion.component import ChampionSource
from components.registry.component import RegistryPusher
from components.registry.names import NO_VERSION
from components.trainer.component import Trainer
from components.trainer.settings import TrainerSettings
from configs.spec import PipelineConfig
from pipeline.code_version import code_version
from pipeline.inputs import RunInputs
from pipeline.locations import metadata_file

PREPROCESSING_FN = "components.transform.preprocessing.preprocessing_fn"


def create_pipeline(
    config: PipelineConfig, inputs: RunInputs, baseline: str, warm_start: bool = False
) -> tfx_pipeline.Pipeline:
    """Wires the pipeline.

    Args:
        config: the whole configuration.
        inputs: what the run reads.
        baseline: version of the registered model to compare with: a number, `none`, or `champion` (whichever it is
            when the run comes to it).
        warm_start: begin the training with that version's weights, where there are any.
    """
    examples = _example_gen(config, inputs)
    statistics = StatisticsGen(examples=examples.outputs["examples"])
    schema = ImportSchemaGen(schema_file=str(inputs.schema))
    validator = DataValidator(
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        required_splits=list(inputs.split_names),
        schema_file=str(config.schema_path or "schemas/schema.pbtxt"),
    )
    champion = ChampionSource(registry_uri=config.registry_uri, model_name=config.name, version=baseline)
    gate = _drift_gate(config, examples, schema, champion)
    gate.add_upstream_node(validator)
    transform = _transform(config, examples, schema)
    # An anomaly, or too much drift, stops the run before anything is learned from it.
    transform.add_upstream_nodes([validator, gate])
    trainer = _trainer(config, transform, champion if warm_start else None)
    exporter = _exporter(config, examples, transform, trainer, champion)
    evaluator = Evaluator(
        examples=examples.outputs["examples"],
        model=exporter.outputs["exported_model"],
        baseline_model=champion.outputs["champion"],
        schema=schema.outputs["schema"],
        eval_config=eval_config(config.evaluator.min_f1, config.evaluator.max_regression, config.evaluator.slices),
        example_splits=[inputs.test_split],
        code_version=code_version("components.evaluator", "components.text"),
    )
    pusher = RegistryPusher(
        model=exporter.outputs["exported_model"],
        blessing=evaluator.outputs["blessing"],
        evaluation=evaluator.outputs["evaluation"],
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        transform_graph=transform.outputs["transform_graph"],
        trained_model=trainer.outputs["model"],
        data_profile=gate.outputs["profile"],
        registry_uri=config.registry_uri,
        model_name=config.name,
        serving_dir=str(config.serving_dir),
        keep_versions=config.registry.keep_versions,
        params=_params(config),
        lineage={
            "run_fingerprint": inputs.fingerprint,
            "baseline_version": baseline,
            "warm_start_version": baseline if warm_start else NO_VERSION,
            "code_version": code_version("components", "configs", "schemas", "pipeline"),
            "schema": inputs.schema.stem,
            "corpus_fingerprint": inputs.corpus_fingerprint,
        },
    )
    nodes = [examples, statistics, schema, validator, champion, gate, transform, trainer, exporter, evaluator, pusher]
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(config.work_dir.absolute() / "artifacts"),
        components=nodes,
        enable_cache=True,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(metadata_path(config)),
        beam_pipeline_args=list(config.beam.args),
    )


def _params(config: PipelineConfig) -> dict[str, str]:
    """The settings that shape a model, flat: `trainer.epochs` -> `20`."""
    sections = config.model_dump(
        mode="json", by_alias=True, exclude={"work_dir", "registry", "drift", "retrain", "beam"}
    )
    flat: dict[str, str] = {}

    def add(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                add(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value if isinstance(value, str) else json.dumps(value)

    add("", sections)
    return flat


def metadata_path(config: PipelineConfig) -> str:
    """Returns the sqlite file of ML Metadata; its folder exists afterwards."""
    path = metadata_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)


def _example_gen(config: PipelineConfig, inputs: RunInputs) -> CorpusExampleGen:
    corpus = config.corpus
    return CorpusExampleGen(
        input_base=str(inputs.corpus),
        splits=inputs.splits,
        options=ReadOptions(
            format=corpus.format,
            token_column=corpus.token_column,
            tag_column=corpus.tag_column,
            scheme=corpus.scheme,
            drop_types=corpus.drop_types,
            on_error=corpus.on_error,
        ),
        metadata_columns=corpus.metadata,
        code_version=code_version("components.ingest", "components.text"),
        window=inputs.window,
        remove_duplicates=None if corpus.duplicates is None else corpus.duplicates == "remove",
        fingerprint=inputs.corpus_fingerprint,
    )


def _drift_gate(
    config: PipelineConfig, examples: CorpusExampleGen, schema: ImportSchemaGen, champion: ChampionSource
) -> DriftGate:
    return DriftGate(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        champion=champion.outputs["trained"],
        thresholds=DriftThresholds(**config.drift.model_dump(exclude={"requests"})),
        tokenizer=config.transform.tokenizer,
        code_version=code_version("components.drift", "components.text"),
    )


def _transform(config: PipelineConfig, examples: CorpusExampleGen, schema: ImportSchemaGen) -> Transform:
    return Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=PREPROCESSING_FN,
        custom_config={
            **config.transform.model_dump(),
            "code_version": code_version("components.transform", "components.text"),
        },
        disable_statistics=True,  # seconds a run, and nothing reads them
    )


def _trainer(config: PipelineConfig, transform: Transform, champion: ChampionSource | None) -> Trainer:
    return Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        settings=TrainerSettings(**config.trainer.settings),
        code_version=code_version("components.trainer", "components.model", "components.text"),
        warm_start=champion.outputs["trained"] if champion else None,
    )


def _exporter(
    config: PipelineConfig,
    examples: CorpusExampleGen,
    transform: Transform,
    trainer: Trainer,
    champion: ChampionSource,
) -> Exporter:
    settings = config.exporter.model_dump(exclude={"golden_sentences", "allow_breaking_changes"})
    return Exporter(
        model=trainer.outputs["model"],
        transform_graph=transform.outputs["transform_graph"],
        examples=examples.outputs["examples"],
        settings=ExportSettings(**settings),
        champion=champion.outputs["champion"],
        allow_breaking_changes=config.exporter.allow_breaking_changes,
        golden_sentences=config.exporter.golden_sentences,
        code_version=code_version("components.exporter", "components.model", "components.text", "components.trainer"),
    )
