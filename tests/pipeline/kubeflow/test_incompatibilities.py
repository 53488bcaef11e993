"""What TFX compiles and Kubeflow Pipelines 2 does not run, beside what we make of it.

By the rows of the table of incompatibilities: here those of the compiler. Rows 1 to 4, 8 and 12 are in
test_component_run, 13 in test_entry_point, 15 in emulator/test_emulator.
"""

from __future__ import annotations

import copy

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2
from support.kfp_emulator.errors import EmulatorError
from support.kfp_emulator.pipeline_file import run_parameters
from tfx.components import InfraValidator, StatisticsGen, Transform
from tfx.components.example_gen.csv_example_gen.component import CsvExampleGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.kubeflow.v2 import compiler_utils
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig
from tfx.proto import infra_validator_pb2
from tfx.types import Channel, standard_artifacts
from tfx.types.artifact import Artifact
from tfx.utils import import_utils

from components.common.errors import NerError
from components.registry.champion_source.component import ChampionSource
from configs.cluster_loading import load_cluster
from configs.loading import load_config
from pipeline.create import create_pipeline
from pipeline.kubeflow.compile.finalizing import finalize
from pipeline.run.inputs import inputs_of_cluster
from pipeline.run.request import RunRequest
from pipeline.target import Target


def compiled_by_tfx(*components, root="minio://bucket/runs"):
    config = KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True)
    pipeline = tfx_pipeline.Pipeline(pipeline_name="demo", pipeline_root=root, components=list(components))
    return KubeflowV2DagRunner(config).run(pipeline, write_out=False)["pipelineSpec"]


@pytest.fixture(scope="module")
def cluster():
    return load_cluster("kubeflow", None, ["nodes.CorpusExampleGen.memory={request: 3Gi, limit: 5Gi}"])


@pytest.fixture(scope="module")
def specs(cluster):
    """Our pipeline as TFX compiles it, and as we finish it."""
    config = load_config(None, ["tuner.enabled=true"])
    target = Target.cluster(config, "minio://bucket/corpus")
    pipeline = create_pipeline(config, inputs_of_cluster(config), RunRequest(), target)
    # A root at which a wheel could be packed at compile time is what row 9 is about.
    pipeline.pipeline_info.pipeline_root = "minio://bucket/runs"
    stock = KubeflowV2DagRunner(KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True))
    spec = stock.run(pipeline, write_out=False)["pipelineSpec"]
    return copy.deepcopy(spec), finalize(spec, cluster, target.defaults, "kubeflow")


def root_inputs(spec):
    return json_format.ParseDict(spec, spec_pb2.PipelineSpec()).root.input_definitions


def nodes(spec):
    return set(spec["root"]["dag"]["tasks"])


def test_row_5_a_resolver_is_refused_by_name_and_ours_is_a_component(cluster, specs):
    latest = Resolver(strategy_class=LatestArtifactStrategy, model=Channel(type=standard_artifacts.Model))
    with pytest.raises(NerError, match="is a resolver node, which Kubeflow Pipelines does not run"):
        finalize(compiled_by_tfx(latest.with_id("Latest")), cluster, {}, "kubeflow")
    executors = specs[1]["deploymentSpec"]["executors"]
    assert {key for executor in executors.values() for key in executor} == {"container", "importer"}
    assert "ChampionSource" in nodes(specs[1])


def test_row_6_what_the_cache_cannot_know_is_not_cached(specs):
    of_tfx, ours = (
        {name for name, task in spec["root"]["dag"]["tasks"].items() if task["cachingOptions"].get("enableCache")}
        for spec in specs
    )
    assert of_tfx - ours == {"CorpusExampleGen", "ChampionSource", "RegistryPusher"}


def test_row_7_defaults_of_run_parameters_are_kept(specs):
    stock, ours = (root_inputs(spec) for spec in specs)
    with pytest.raises(EmulatorError, match="is not optional, yet has neither default value nor user provided value"):
        run_parameters(stock, {})
    values = {name: json_format.MessageToDict(value) for name, value in run_parameters(ours, {}).items()}
    assert values["data"] == "minio://bucket/corpus"
    assert (values["span"], values["epochs"]) == ("newest", load_config(None).trainer.epochs)


def test_row_9_nothing_is_packed_when_the_pipeline_is_compiled(tmp_path, specs):
    module = tmp_path / "features.py"
    module.write_text("def preprocessing_fn(inputs):\n    return inputs\n")
    examples, schema = Channel(type=standard_artifacts.Examples), Channel(type=standard_artifacts.Schema)
    with pytest.raises(Exception, match=r"minio"):
        compiled_by_tfx(Transform(examples=examples, schema=schema, module_file=str(module)))
    for component in specs[1]["components"].values():
        parameters = component.get("inputDefinitions", {}).get("parameters", {})
        assert not {"module_file", "module_path"} & set(parameters)


def test_row_10_every_artifact_type_can_be_imported_in_a_pod(specs):
    class Odd(Artifact):
        TYPE_NAME = "Odd"

    with pytest.raises(ValueError, match="Invalid custom artifact type name"):
        compiler_utils.get_artifact_schema(Odd)
    titles = set()
    for component in specs[0]["components"].values():
        for side in ("inputDefinitions", "outputDefinitions"):
            for artifact in component.get(side, {}).get("artifacts", {}).values():
                titles.add(artifact["artifactType"]["instanceSchema"].splitlines()[0].removeprefix("title: "))
    own = {title for title in titles if title not in compiler_utils.TITLE_TO_CLASS_PATH}
    assert own == {"components.Corpus", "components.DataProfile", "components.ModelCard", "components.Report"}
    for title in own:
        found = import_utils.import_class_by_path(title)
        assert issubclass(found, Artifact)
        assert found().type_name == title
        assert not found.PROPERTIES


def test_row_11_resources_of_an_example_gen_are_not_lost(specs):
    resources = spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec(memory_limit=5)
    examples = CsvExampleGen(input_base="/data").with_platform_config(resources)
    statistics = StatisticsGen(examples=examples.outputs["examples"]).with_platform_config(resources)
    stock = compiled_by_tfx(examples, statistics)["deploymentSpec"]["executors"]
    assert "resources" not in stock["CsvExampleGen_executor"]["container"]
    assert "resources" in stock["StatisticsGen_executor"]["container"]
    container = specs[1]["deploymentSpec"]["executors"]["CorpusExampleGen_executor"]["container"]
    assert container["resources"]["resourceMemoryLimit"] == "5Gi"


def test_row_14_models_are_checked_without_an_infra_validator(specs):
    serving = infra_validator_pb2.ServingSpec(local_docker=infra_validator_pb2.LocalDockerConfig())
    source = ChampionSource(registry_uri="sqlite:////none", model_name="ner")
    with pytest.raises(NotImplementedError, match="InfraValidator"):
        compiled_by_tfx(source, InfraValidator(model=source.outputs["champion"], serving_spec=serving))
    assert "Exporter" in nodes(specs[1])  # validates what it has exported
    assert not any("InfraValidator" in name for name in nodes(specs[1]))
