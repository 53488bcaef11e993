"""The pipeline: its nodes and their connections. Every runner runs this one definition."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tensorflow_data_validation import StatsOptions
from tfx import types
from tfx.components import StatisticsGen, Tuner
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import pipeline as tfx_pipeline

from components.artifacts import Corpus
from components.common.dotted_path import package_hash
from components.common.settings import flattened
from components.corpus_example_gen.component import CorpusExampleGen
from components.data_validator.component import DataValidator
from components.drift_validator.component import DriftValidator
from components.evaluator.component import Evaluator
from components.exporter.component import Exporter
from components.registry import names
from components.registry.champion_source.component import ChampionSource
from components.registry.pusher.component import RegistryPusher
from components.registry.store.version import as_text
from components.reporter.component import Reporter
from components.schema_source.component import SchemaSource
from components.trainer.component import Trainer
from components.transform.component import Transform
from configs.spec import PipelineConfig
from pipeline.run.inputs import RunInputs
from pipeline.run.pretrained import TRANSFORM, teacher_tags
from pipeline.run.request import RunRequest
from pipeline.target import Target

PREPROCESSING_FN = "components.transform.preprocessing.preprocessing_fn"
TUNER_FN = "components.tuner.tuner_fn.tuner_fn"


def create_pipeline(
    config: PipelineConfig, inputs: RunInputs, request: RunRequest, target: Target
) -> tfx_pipeline.Pipeline:
    """Creates the pipeline.

    Args:
        config: the whole configuration.
        inputs: corpus and schema of the run.
        request: choices of this run.
        target: where the pipeline runs.

    Example:
        create_pipeline(config, prepare_inputs(config), RunRequest(), Target.local(config))
    """
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=target.root,
        components=_Nodes(config, inputs, request, target).all,
        enable_cache=True,
        metadata_connection_config=target.metadata,
        beam_pipeline_args=_beam_arguments(config),
    )


class _Nodes:
    """The nodes of one pipeline, each created on first use, in the order of the table in docs/architecture.md."""

    def __init__(self, config: PipelineConfig, inputs: RunInputs, request: RunRequest, target: Target) -> None:
        """See `create_pipeline`."""
        self.config, self.inputs, self.request, self.target = config, inputs, request, target

    @property
    def all(self) -> list[BaseNode]:
        """Every node, upstream nodes first."""
        nodes = [
            self.corpus, self.examples, self.statistics, self.schema, self.data_validator, self.champion,
            self.drift_validator, self.transform, self.tuner, self.trainer, self.exporter, self.evaluator,
            self.reporter, self.pusher,
        ]  # fmt: skip
        return [node for node in nodes if node is not None]

    @cached_property
    def corpus(self) -> Importer | None:
        """On a cluster the corpus is an artifact: Kubeflow brings only the files of artifacts to a node."""
        if self.target.data is None:
            return None
        # The same address is the same artifact, so that what depends on the files alone comes from the cache.
        importer = Importer(source_uri=self.target.data, artifact_type=Corpus, reimport=False, output_key="corpus")
        return importer.with_id("Corpus")

    @cached_property
    def examples(self) -> CorpusExampleGen:
        return CorpusExampleGen(
            settings=self.config.corpus,
            input_base=None if self.corpus else str(self.inputs.corpus),
            corpus=self.corpus.outputs["corpus"] if self.corpus else None,
            span=self.target.span,
            tokenizer=self.config.transform.tokenizer,
            fingerprint=self.target.corpus_fingerprint or self.inputs.corpus_fingerprint,
            code_version=package_hash("components.corpus_example_gen", "components.text"),
        )

    @cached_property
    def statistics(self) -> StatisticsGen:
        # Without sketches, Beam's direct runner keeps all sentences in memory to count the different ones.
        options = StatsOptions(use_sketch_based_topk_uniques=True)
        return StatisticsGen(examples=self.examples.outputs["examples"], stats_options=options)

    @cached_property
    def schema(self) -> SchemaSource:
        return SchemaSource(text=self.inputs.schema)

    @cached_property
    def data_validator(self) -> DataValidator:
        return DataValidator(
            statistics=self.statistics.outputs["statistics"],
            schema=self.schema.outputs["schema"],
            required_splits=list(self.inputs.split_names),
            schema_file=str(self.config.schema_path or "schemas/schema.pbtxt"),
            # A warm start also has the types of the champion.
            named_types={}
            if self.request.warm_start
            else {**self.config.exporter.named_types, **self.config.evaluator.named_types},
            teacher_tags=[] if self.request.warm_start else self._teacher_tags,
        )

    @cached_property
    def champion(self) -> ChampionSource:
        return ChampionSource(
            registry_uri=self.config.registry_uri,
            model_name=self.config.name,
            version=self.request.baseline if self.target.baseline is None else self.target.baseline,
            content=self.target.baseline_content or self.request.baseline_content,
            code_version=package_hash("components.registry.champion_source"),
        )

    @cached_property
    def drift_validator(self) -> DriftValidator:
        node = DriftValidator(
            examples=self.examples.outputs["examples"],
            schema=self.schema.outputs["schema"],
            champion=self.champion.outputs["champion_trained_model"],
            settings=self.config.drift,
            code_version=package_hash("components.drift_validator", "components.text"),
        )
        node.add_upstream_node(self.data_validator)
        return node

    @cached_property
    def transform(self) -> Transform:
        node = Transform(
            examples=self.examples.outputs["examples"],
            schema=self.schema.outputs["schema"],
            preprocessing_fn=PREPROCESSING_FN,
            custom_config={
                "settings": self.config.transform.model_dump(mode="json"),
                **{part: self.inputs.pretrained[part] for part in self.config.trainer.pretrained},
                **self._transform_files,
                "code_version": package_hash("components.transform", "components.text"),
            },
            earlier=self.champion.outputs["champion_trained_model"] if self.request.warm_start else None,
        )
        # An anomaly, for which the DriftValidator waits, or too much drift stops the run before the training.
        node.add_upstream_node(self.drift_validator)
        return node

    @property
    def _transform_files(self) -> dict[str, Any]:
        """Versions of the files of names and clusters, so that another content is transformed anew."""
        versions = {name: values["version"] for name, values in self.inputs.pretrained.items()}
        gazetteers = [version for name, version in versions.items() if name.startswith(f"{TRANSFORM}gazetteers.")]
        files = {"gazetteers": gazetteers, "clusters": versions.get(f"{TRANSFORM}clusters")}
        return {name: version for name, version in files.items() if version}

    @property
    def _pretrained_parts(self) -> dict[str, Mapping[str, Any]]:
        """Pretrained parts that the Trainer reads."""
        parts = self.inputs.pretrained.items()
        return {part: values for part, values in parts if not part.startswith(TRANSFORM)}

    @property
    def _teacher_tags(self) -> list[str]:
        """Tags of the teacher; none without one."""
        if (teacher := self.inputs.pretrained.get("teacher")) is None:
            return []
        return [*teacher_tags(Path(teacher["path"]))]

    @cached_property
    def tuner(self) -> Tuner | None:
        if not self.config.tuner.enabled:
            return None
        return Tuner(
            **self._transformed,
            tuner_fn=TUNER_FN,
            custom_config={
                "tuner": self.config.tuner.model_dump(mode="json"),
                "trainer": self.config.trainer.model_dump(mode="json"),
                "checkpoint_dir": self.target.checkpoint_dir,
                "code_version": self._training_version("components.tuner"),
            },
        )

    @cached_property
    def trainer(self) -> Trainer:
        return Trainer(
            **self._transformed,
            settings=self.config.trainer,
            hyperparameters=self.tuner.outputs["best_hyperparameters"] if self.tuner else None,
            warm_start=self.champion.outputs["champion_trained_model"] if self.request.warm_start else None,
            epochs=self.target.epochs,
            checkpoint_dir=self.target.checkpoint_dir,
            pretrained=self._pretrained_parts,
            code_version=self._training_version(),
        )

    def _training_version(self, *others: str) -> str:
        """Returns hashes of the code of a training and of the files that it reads; they also name its saved state."""
        by_path = self.config.trainer.tagger_package
        packages = ["components.trainer", "components.model", "components.text", *([by_path] if by_path else [])]
        files = (values["version"] for values in self._pretrained_parts.values())
        return " ".join([package_hash(*packages, *others), *filter(None, files)])

    @property
    def _transformed(self) -> dict[str, types.BaseChannel]:
        """Inputs that Tuner and Trainer share."""
        return {
            "examples": self.transform.outputs["transformed_examples"],
            "transform_graph": self.transform.outputs["transform_graph"],
        }

    @cached_property
    def exporter(self) -> Exporter:
        return Exporter(
            trained_model=self.trainer.outputs["trained_model"],
            transform_graph=self.transform.outputs["transform_graph"],
            examples=self.examples.outputs["examples"],
            settings=self.config.exporter,
            champion_model=self.champion.outputs["champion_model"],
            code_version=package_hash(
                "components.exporter", "components.model", "components.text", "components.trainer"
            ),
        )

    @cached_property
    def evaluator(self) -> Evaluator:
        return Evaluator(
            examples=self.examples.outputs["examples"],
            model=self.exporter.outputs["exported_model"],
            baseline_model=self.champion.outputs["champion_model"],
            schema=self.schema.outputs["schema"],
            settings=self.config.evaluator,
            example_splits=self.inputs.test_splits,
            force_bless=self.request.force_bless,
            code_version=package_hash("components.evaluator", "components.text"),
        )

    @cached_property
    def reporter(self) -> Reporter:
        return Reporter(
            evaluation=self.evaluator.outputs["evaluation"],
            exported_model=self.exporter.outputs["exported_model"],
            statistics=self.statistics.outputs["statistics"],
            data_profile=self.drift_validator.outputs["profile"],
            tuner_results=self.tuner.outputs["tuner_results"] if self.tuner else None,
            model_name=self.config.name,
            lineage=self._lineage,
            settings=self.config.card,
            code_version=package_hash("components.reporter"),
        )

    @cached_property
    def pusher(self) -> RegistryPusher:
        return RegistryPusher(
            exported_model=self.exporter.outputs["exported_model"],
            blessing=self.evaluator.outputs["blessing"],
            evaluation=self.evaluator.outputs["evaluation"],
            trained_model=self.trainer.outputs["trained_model"],
            report=self.reporter.outputs["report"],
            model_name=self.config.name,
            settings=self.config.registry.model_copy(
                update={
                    "uri": self.config.registry_uri,
                    "serving_dir": Path(self.target.serving_dir) if self.target.serving_dir else None,
                }
            ),
            params=_flat_settings(self.config),
            lineage=self._lineage,
            run_name=self.target.run_name,
            run_fingerprint=self.target.run_fingerprint,
        )

    @cached_property
    def _lineage(self) -> dict[str, str]:
        """Tags of the version about its origin."""
        request = self.request
        lineage = {
            names.RUN_FINGERPRINT_TAG: self.inputs.fingerprint,
            names.BASELINE_VERSION_TAG: request.baseline,
            names.WARM_START_TAG: request.baseline if request.warm_start else names.NO_VERSION,
            "code_version": package_hash("components", "configs", "schemas", "pipeline"),
            "schema": self.inputs.schema_name,
        }
        return {**lineage, names.FORCED_BLESSING_TAG: request.force_bless} if request.force_bless else lineage


def _flat_settings(config: PipelineConfig) -> dict[str, str]:
    """Returns the settings that shape a model by dotted name, for example `trainer.epochs` -> `20`."""
    sections = config.model_dump(
        mode="json", by_alias=True, exclude={"work_dir", "registry", "drift", "retrain", "beam", "card"}
    )
    return {name: as_text(value) for name, value in flattened(sections)}


def _beam_arguments(config: PipelineConfig) -> list[str]:
    """Returns the configured arguments, with one more for Beam's DirectRunner.

    TFX builds a source package of itself at the start of every Beam node (three to five seconds) unless the workers
    have a container image. DirectRunner has no workers and does not read the argument.
    """
    args = list(config.beam.args)
    options = {arg.partition("=")[0] for arg in args}
    direct = "--runner" not in options or "--runner=DirectRunner" in args
    return [*args, "--sdk_container_image=none"] if direct and "--sdk_container_image" not in options else args
