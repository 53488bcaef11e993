"""TFX's compiled pipeline, which Kubeflow Pipelines 2 does not run, compared with ours.

`test_row_<n>` refers to docs/kubeflow-incompatibilities.md. Rows 1 to 4, 8 and 12 are in test_component_run.py, 13 in
test_entry_point.py, 15 in tests/kfp_emulator/test_emulator.py.
"""

from __future__ import annotations

import copy

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from configs.cluster_loading import load_cluster
from configs.loading import load_config

compiler_utils = LazyModule("tfx.orchestration.kubeflow.v2.compiler_utils")
finalizing = LazyModule("pipeline.kubeflow.compile.finalizing")
planning = LazyModule("pipeline.kubeflow.compile.run_planner")
pipeline_file = LazyModule("support.kfp_emulator.pipeline_file")
runner = LazyModule("tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner")
spec_pb2 = LazyModule("kfp.pipeline_spec.pipeline_spec_pb2")
tfx_components = LazyModule("tfx.components")
types = LazyModule("tfx.types")


def compiled_by_tfx(*components):
    from tfx.orchestration import pipeline

    config = runner.KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True)
    demo = pipeline.Pipeline(pipeline_name="demo", pipeline_root="minio://bucket/runs", components=list(components))
    return runner.KubeflowV2DagRunner(config).run(demo, write_out=False)["pipelineSpec"]


@pytest.fixture(scope="module")
def cluster():
    return load_cluster("kubeflow", None, ["nodes.CorpusExampleGen.memory={request: 3Gi, limit: 5Gi}"])


@pytest.fixture(scope="module")
def specs(cluster):
    """Our pipeline as TFX compiles it, and as we finalize it."""
    from pipeline.create import create_pipeline
    from pipeline.run.inputs import inputs_of_cluster
    from pipeline.run.request import RunRequest
    from pipeline.target import Target

    config = load_config(None, ["tuner.enabled=true"])
    target = Target.cluster(config, "minio://bucket/corpus")
    pipeline = create_pipeline(config, inputs_of_cluster(config), RunRequest(), target)
    pipeline.pipeline_info.pipeline_root = "minio://bucket/runs"  # for row 9: TFX would pack a wheel below it
    stock = runner.KubeflowV2DagRunner(
        runner.KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True)
    )
    spec = stock.run(pipeline, write_out=False)["pipelineSpec"]
    planner = planning.planner_settings(config, inputs_of_cluster(config), warm_start=False)
    return copy.deepcopy(spec), finalizing.finalize(spec, cluster, target.defaults, "kubeflow", planner)


def root_inputs(spec):
    from google.protobuf import json_format

    return json_format.ParseDict(spec, spec_pb2.PipelineSpec()).root.input_definitions


def nodes(spec):
    return set(spec["root"]["dag"]["tasks"])


def test_row_5_a_resolver_is_refused_and_ours_is_a_component(cluster, specs):
    from tfx.dsl.components.common.resolver import Resolver
    from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy

    channel = types.Channel(type=types.standard_artifacts.Model)
    latest = Resolver(strategy_class=LatestArtifactStrategy, model=channel)
    with pytest.raises(NerError, match="Latest: Kubeflow Pipelines does not run resolver nodes"):
        finalizing.finalize(compiled_by_tfx(latest.with_id("Latest")), cluster, {}, "kubeflow")
    executors = specs[1]["deploymentSpec"]["executors"]
    assert {key for executor in executors.values() for key in executor} == {"container", "importer"}
    assert "ChampionSource" in nodes(specs[1])


def test_row_6_hashes_of_what_the_cache_does_not_see_are_parameters(specs):
    stock, ours = (
        {name for name, task in spec["root"]["dag"]["tasks"].items() if task["cachingOptions"].get("enableCache")}
        for spec in specs
    )
    assert stock - ours == {"RegistryPusher"}
    tasks = specs[1]["root"]["dag"]["tasks"]
    for node, parameter, output in (
        ("CorpusExampleGen", "fingerprint", "corpus_fingerprint"),
        ("ChampionSource", "version", "baseline"),
        ("ChampionSource", "content", "baseline_content"),
    ):
        source = {"producerTask": "RunPlanner", "outputParameterKey": output}
        assert tasks[node]["inputs"]["parameters"][parameter] == {"taskOutputParameter": source}


def test_row_7_defaults_of_run_parameters_are_kept(specs):
    stock, ours = (root_inputs(spec) for spec in specs)
    with pytest.raises(NerError, match="is not optional, yet has neither default value nor user provided value"):
        pipeline_file.run_parameters(stock, {})
    values = pipeline_file.run_parameters(ours, {})
    assert values["data"].string_value == "minio://bucket/corpus"
    assert values["span"].string_value == "newest"
    assert values["epochs"].number_value == load_config(None).trainer.epochs


def test_row_9_compilation_packs_no_wheel(tmp_path, specs):
    module = tmp_path / "features.py"
    module.write_text("def preprocessing_fn(inputs):\n    return inputs\n")
    examples = types.Channel(type=types.standard_artifacts.Examples)
    schema = types.Channel(type=types.standard_artifacts.Schema)
    with pytest.raises(Exception, match=r"minio"):
        compiled_by_tfx(tfx_components.Transform(examples=examples, schema=schema, module_file=str(module)))
    for component in specs[1]["components"].values():
        parameters = component.get("inputDefinitions", {}).get("parameters", {})
        assert not {"module_file", "module_path"} & set(parameters)


def test_row_10_a_pod_can_import_every_artifact_type(specs):
    from tfx.types.artifact import Artifact
    from tfx.utils import import_utils

    odd = type("Odd", (Artifact,), {"TYPE_NAME": "Odd"})
    with pytest.raises(ValueError, match="Invalid custom artifact type name"):
        compiler_utils.get_artifact_schema(odd)
    titles = set()
    for component in specs[0]["components"].values():
        for side in ("inputDefinitions", "outputDefinitions"):
            for artifact in component.get(side, {}).get("artifacts", {}).values():
                titles.add(artifact["artifactType"]["instanceSchema"].splitlines()[0].removeprefix("title: "))
    own = {title for title in titles if title not in compiler_utils.TITLE_TO_CLASS_PATH}
    assert {"components.Corpus", "components.DataProfile", "components.Report"} <= own
    for title in own:
        imported = import_utils.import_class_by_path(title)
        assert issubclass(imported, Artifact)
        assert imported().type_name == title
        assert not imported.PROPERTIES


def test_row_11_resources_of_an_example_gen_are_kept(specs):
    from tfx.components.example_gen.csv_example_gen.component import CsvExampleGen

    resources = spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec(memory_limit=5)
    examples = CsvExampleGen(input_base="/data").with_platform_config(resources)
    statistics = tfx_components.StatisticsGen(examples=examples.outputs["examples"]).with_platform_config(resources)
    stock = compiled_by_tfx(examples, statistics)["deploymentSpec"]["executors"]
    assert "resources" not in stock["CsvExampleGen_executor"]["container"]
    assert "resources" in stock["StatisticsGen_executor"]["container"]
    container = specs[1]["deploymentSpec"]["executors"]["CorpusExampleGen_executor"]["container"]
    assert container["resources"]["resourceMemoryLimit"] == "5Gi"


def test_row_14_models_are_validated_without_an_infra_validator(specs):
    from tfx.dsl.components.common.importer import Importer
    from tfx.proto import infra_validator_pb2

    serving = infra_validator_pb2.ServingSpec(local_docker=infra_validator_pb2.LocalDockerConfig())
    source = Importer(source_uri="minio://bucket/model", artifact_type=types.standard_artifacts.Model).with_id("Model")
    validator = tfx_components.InfraValidator(model=source.outputs["result"], serving_spec=serving)
    with pytest.raises(NotImplementedError, match="InfraValidator"):
        compiled_by_tfx(source, validator)
    assert "Exporter" in nodes(specs[1])  # validates its own output
    assert not any("InfraValidator" in name for name in nodes(specs[1]))
