"""The pipeline: which components, wired how. Every runner runs this one definition."""

from __future__ import annotations

from tfx import types
from tfx.components import StatisticsGen, Transform, Tuner
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from components.artifacts import Corpus
from components.corpus_example_gen.component import CorpusExampleGen
from components.corpus_example_gen.readers.read_options import ReadOptions
from components.data_validator.component import DataValidator
from components.drift_validator.component import DriftValidator
from components.drift_validator.drift_thresholds import DriftThresholds
from components.evaluator.component import Evaluator
from components.evaluator.eval_config import eval_config
from components.exporter.component import Exporter
from components.exporter.settings import ExportSettings
from components.registry.champion_source.component import ChampionSource
from components.registry.pusher.component import RegistryPusher
from components.reporter.card_text import CardText
from components.reporter.component import Reporter
from components.schema_source.component import SchemaSource
from components.trainer.component import Trainer
from components.trainer.settings import TrainerSettings
from configs.spec import PipelineConfig
from pipeline.blessing_rules import blessing_rules, evaluation_settings
from pipeline.run.beam_arguments import beam_arguments
from pipeline.run.code_version import code_version
from pipeline.run.inputs import RunInputs
from pipeline.run.metadata_file import metadata_path
from pipeline.run.pretrained import pretrained
from pipeline.runtime_parameters import RuntimeParameters, shared_path
from pipeline.version_facts import flat_settings, lineage_tags

PREPROCESSING_FN = "components.transform.preprocessing.preprocessing_fn"
TUNER_FN = "components.tuner.tuner_fn.tuner_fn"


def create_pipeline(
    config: PipelineConfig,
    inputs: RunInputs,
    baseline: str,
    force_bless: str = "",
    warm_start: bool = False,
    parameters: RuntimeParameters | None = None,
) -> tfx_pipeline.Pipeline:
    """Wires the pipeline.

    Args:
        config: the whole configuration.
        inputs: what the run reads.
        baseline: version of the registered model to compare with: a number, `none`, or `champion` (whichever it is
            when the run comes to it).
        force_bless: reason for blessing the model whatever its scores; empty for letting the rules decide.
        warm_start: begin the training with that version's weights, where there are any.
        parameters: what each run on a cluster may say anew, baseline included; None for a run on this machine, whose
            paths hold for every node.
    """
    corpus = _corpus(parameters)
    examples = _example_gen(config, inputs, corpus, parameters)
    statistics = StatisticsGen(examples=examples.outputs["examples"])
    schema = SchemaSource(text=inputs.schema)
    validator = DataValidator(
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        required_splits=list(inputs.split_names),
        schema_file=str(config.schema_path or "schemas/schema.pbtxt"),
    )
    champion = ChampionSource(
        registry_uri=config.registry_uri,
        model_name=config.name,
        version=parameters.baseline if parameters else baseline,
    )
    gate = _drift_gate(config, examples, schema, champion)
    gate.add_upstream_node(validator)
    transform = _transform(config, examples, schema)
    # An anomaly, or too much drift, stops the run before anything is learned from it.
    transform.add_upstream_nodes([validator, gate])
    tuners = [_tuner(config, transform)] if config.tuner.enabled else []
    found = tuners[0].outputs["best_hyperparameters"] if tuners else None
    earlier = champion.outputs["trained"] if warm_start else None
    trainer = _trainer(config, transform, found, earlier, parameters)
    exporter = _exporter(config, examples, transform, trainer, champion)
    evaluator = _evaluator(config, inputs, examples, exporter, champion, schema, force_bless)
    lineage = lineage_tags(inputs, baseline, force_bless, warm_start)
    reporter = _reporter(config, lineage, statistics, examples, champion, found, trainer, exporter, evaluator)
    made_of = (examples, schema, champion, gate, transform, trainer)
    pusher = _pusher(config, lineage, parameters, *made_of, exporter, evaluator, reporter)
    learning = [transform, *tuners, trainer]
    nodes = [*([corpus] if corpus else []), examples, statistics, schema, validator, champion, gate, *learning]
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root="" if parameters else str(config.work_dir.absolute() / "artifacts"),
        components=[*nodes, exporter, evaluator, reporter, pusher],
        enable_cache=True,
        metadata_connection_config=None if parameters else sqlite_metadata_connection_config(metadata_path(config)),
        beam_pipeline_args=beam_arguments(config),
    )


def _corpus(parameters: RuntimeParameters | None) -> Importer | None:
    """On a cluster the corpus is an artifact: Kubeflow brings the files of artifacts, and no others, to a node."""
    if parameters is None:
        return None
    return Importer(source_uri=parameters.data, artifact_type=Corpus, reimport=True).with_id("Corpus")


def _evaluator(
    config: PipelineConfig,
    inputs: RunInputs,
    examples: CorpusExampleGen,
    exporter: Exporter,
    champion: ChampionSource,
    schema: SchemaSource,
    force_bless: str,
) -> Evaluator:
    return Evaluator(
        examples=examples.outputs["examples"],
        model=exporter.outputs["exported_model"],
        baseline_model=champion.outputs["champion"],
        schema=schema.outputs["schema"],
        eval_config=eval_config(evaluation_settings(config)),
        rules=blessing_rules(config),
        example_splits=inputs.test_splits,
        force_bless=force_bless,
        code_version=code_version("components.evaluator", "components.text"),
    )


def _reporter(
    config: PipelineConfig,
    lineage: dict[str, str],
    statistics: StatisticsGen,
    examples: CorpusExampleGen,
    champion: ChampionSource,
    found: types.BaseChannel | None,
    trainer: Trainer,
    exporter: Exporter,
    evaluator: Evaluator,
) -> Reporter:
    return Reporter(
        evaluation=evaluator.outputs["evaluation"],
        exported_model=exporter.outputs["exported_model"],
        trained_model=trainer.outputs["model"],
        statistics=statistics.outputs["statistics"],
        examples=examples.outputs["examples"],
        champion=champion.outputs["champion"],
        hyperparameters=found,
        model_name=config.name,
        training=config.trainer.settings,
        lineage=lineage,
        card=CardText(**config.card.model_dump()),
        code_version=code_version("components.reporter"),
    )


def _pusher(
    config: PipelineConfig,
    lineage: dict[str, str],
    parameters: RuntimeParameters | None,
    examples: CorpusExampleGen,
    schema: SchemaSource,
    champion: ChampionSource,
    gate: DriftValidator,
    transform: Transform,
    trainer: Trainer,
    exporter: Exporter,
    evaluator: Evaluator,
    reporter: Reporter,
) -> RegistryPusher:
    return RegistryPusher(
        model=exporter.outputs["exported_model"],
        blessing=evaluator.outputs["blessing"],
        evaluation=evaluator.outputs["evaluation"],
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        transform_graph=transform.outputs["transform_graph"],
        trained_model=trainer.outputs["model"],
        data_profile=gate.outputs["profile"],
        model_card=reporter.outputs["model_card"],
        report=reporter.outputs["report"],
        champion=champion.outputs["champion"],
        registry_uri=config.registry_uri,
        model_name=config.name,
        serving_dir=shared_path(config.registry.serving_dir, str(config.serving_dir), parameters),
        keep_versions=config.registry.keep_versions,
        params=flat_settings(config),
        lineage=lineage,
        run_name=parameters.run_name if parameters else None,
    )


def _example_gen(
    config: PipelineConfig, inputs: RunInputs, artifact: Importer | None, parameters: RuntimeParameters | None
) -> CorpusExampleGen:
    corpus = config.corpus
    return CorpusExampleGen(
        input_base=None if artifact else str(inputs.corpus),
        corpus=artifact.outputs["result"] if artifact else None,
        span=parameters.span if parameters else None,
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
        code_version=code_version("components.corpus_example_gen", "components.text"),
        window=inputs.window,
        remove_duplicates=None if corpus.duplicates is None else corpus.duplicates == "remove",
        fingerprint=inputs.corpus_fingerprint,
    )


def _drift_gate(
    config: PipelineConfig, examples: CorpusExampleGen, schema: SchemaSource, champion: ChampionSource
) -> DriftValidator:
    return DriftValidator(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        champion=champion.outputs["trained"],
        thresholds=DriftThresholds(**config.drift.model_dump(exclude={"requests"})),
        tokenizer=config.transform.tokenizer,
        code_version=code_version("components.drift_validator", "components.text"),
    )


def _transform(config: PipelineConfig, examples: CorpusExampleGen, schema: SchemaSource) -> Transform:
    return Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=PREPROCESSING_FN,
        custom_config={
            **config.transform.model_dump(),
            **pretrained(config),
            "code_version": code_version("components.transform", "components.text"),
        },
        disable_statistics=True,  # seconds a run, and nothing reads them
    )


def _tuner(config: PipelineConfig, transform: Transform) -> Tuner:
    return Tuner(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        tuner_fn=TUNER_FN,
        custom_config={
            **config.tuner.model_dump(mode="json", exclude={"enabled"}),
            "settings": config.trainer.settings,
            "code_version": code_version(
                "components.tuner", "components.trainer", "components.model", "components.text"
            ),
        },
    )


def _trainer(
    config: PipelineConfig,
    transform: Transform,
    hyperparameters: types.BaseChannel | None,
    warm_start: types.BaseChannel | None,
    parameters: RuntimeParameters | None,
) -> Trainer:
    return Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        hyperparameters=hyperparameters,
        settings=TrainerSettings(**config.trainer.settings),
        code_version=code_version("components.trainer", "components.model", "components.text"),
        checkpoint_dir=shared_path(config.trainer.checkpoint_dir, config.checkpoint_dir, parameters),
        warm_start=warm_start,
        epochs=parameters.epochs if parameters else None,
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
