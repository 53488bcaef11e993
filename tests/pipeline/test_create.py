"""The wiring."""

from __future__ import annotations

import importlib
import json

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from components.evaluator.settings import EvaluatorSettings
from configs.loading import load_config
from pipeline.run.inputs import inputs_of_cluster, prepare_inputs
from pipeline.run.request import RunRequest

create = LazyModule("pipeline.create")
targets = LazyModule("pipeline.target")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    config = load_config(None, [f"work_dir={tmp_path_factory.mktemp('work')}"])
    return create.create_pipeline(config, prepare_inputs(config), RunRequest("none"), targets.Target.local(config))


def test_every_node_is_there_once(pipeline):
    assert sorted(node.id for node in pipeline.components) == [
        "ChampionSource", "CorpusExampleGen", "DataValidator", "DriftValidator", "Evaluator", "Exporter",
        "RegistryPusher", "Reporter", "SchemaSource", "StatisticsGen", "Trainer", "Transform",
    ]  # fmt: skip


def test_nothing_is_learned_from_data_that_was_not_checked(pipeline):
    nodes = {node.id: node for node in pipeline.components}
    assert nodes["DataValidator"] in nodes["DriftValidator"].upstream_nodes
    assert nodes["DriftValidator"] in nodes["Transform"].upstream_nodes
    assert nodes["Transform"] in nodes["Trainer"].upstream_nodes


def test_a_warm_start_reaches_transform_and_trainer(tmp_path):
    config = load_config(None, [f"work_dir={tmp_path}"])
    request = RunRequest("none", warm_start=True)
    warm = create.create_pipeline(config, prepare_inputs(config), request, targets.Target.local(config))
    nodes = {node.id: node for node in warm.components}
    earlier = nodes["ChampionSource"].outputs["champion_trained_model"]
    assert nodes["Transform"].inputs["earlier"] is nodes["Trainer"].inputs["warm_start"] is earlier
    assert nodes["Trainer"].inputs["examples"] is nodes["Transform"].outputs["transformed_examples"]


def test_what_is_evaluated_and_pushed_is_the_exported_model(pipeline):
    nodes = {node.id: node for node in pipeline.components}
    exported = nodes["Exporter"].outputs["exported_model"]
    assert nodes["Evaluator"].inputs["model"] is exported
    assert nodes["RegistryPusher"].inputs["exported_model"] is exported


def test_reporter_and_registry_hang_on_four_nodes(pipeline):
    """Lineage travels with the artifacts: the graph in the web interface of Kubeflow Pipelines stays readable."""
    upstream = {node.id: {other.id for other in node.upstream_nodes} for node in pipeline.components}
    assert upstream["Reporter"] == {"Evaluator", "Exporter", "StatisticsGen", "DriftValidator"}
    assert upstream["RegistryPusher"] == {"Evaluator", "Exporter", "Trainer", "Reporter"}
    assert sum(map(len, upstream.values())) == 27


def test_evaluator_gets_the_configured_settings(pipeline):
    (node,) = (node for node in pipeline.components if node.id == "Evaluator")
    assert EvaluatorSettings.model_validate_json(node.exec_properties["settings"]) == load_config(None).evaluator
    assert node.exec_properties["force_bless"] == ""


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("evaluator.metrics={mine: 'json:__name__'}", r"evaluator\.metrics\.mine: 'json:__name__' is not a function"),
        ("evaluator.slices=[topic]", r"evaluator\.slices: cannot slice by 'topic'"),
        ("evaluator.rules=[{slice: topic=a, bound: 0.5}]", r"evaluator\.slices: cannot slice by 'topic'"),
        ("exporter.signatures={mine: 'json:absent'}", r"exporter\.signatures\.mine: module json has no absent"),
        ("exporter.signatures={mine: 'json:__name__'}", r"exporter\.signatures\.mine: .* is not a function"),
    ],
)
def test_what_no_node_could_use_is_refused_before_any_node_runs(tmp_path, setting, message):
    config = load_config(None, [f"work_dir={tmp_path}", setting])
    with pytest.raises(NerError, match=message):
        create.create_pipeline(config, prepare_inputs(config), RunRequest(), targets.Target.local(config))


def test_the_reason_of_a_forced_blessing_goes_into_the_registry(tmp_path):
    config = load_config(None, [f"work_dir={tmp_path}"])
    forced = create.create_pipeline(
        config,
        prepare_inputs(config),
        RunRequest("3", force_bless="the contract changed"),
        targets.Target.local(config),
    )
    nodes = {node.id: node for node in forced.components}
    assert nodes["Evaluator"].exec_properties["force_bless"] == "the contract changed"
    lineage = json.loads(nodes["RegistryPusher"].exec_properties["lineage"])
    assert lineage["forced_blessing"] == "the contract changed"
    assert lineage["baseline_version"] == "3"


def test_nothing_forced_leaves_no_trace(pipeline):
    (pusher,) = (node for node in pipeline.components if node.id == "RegistryPusher")
    assert "forced_blessing" not in json.loads(pusher.exec_properties["lineage"])


def wire(tmp_path, *settings):
    config = load_config(None, [f"work_dir={tmp_path}", *settings])
    nodes = create.create_pipeline(
        config, prepare_inputs(config), RunRequest("none"), targets.Target.local(config)
    ).components
    return {node.id: node for node in nodes}


def transform_config(nodes):
    return json.loads(nodes["Transform"].exec_properties["custom_config"])


def test_a_search_stands_between_transform_and_trainer_where_it_is_enabled(pipeline, tmp_path):
    assert "Tuner" not in {node.id for node in pipeline.components}
    nodes = wire(tmp_path, "tuner.enabled=true", "tuner.trials=3", "tuner.space={learning_rate: [0.1]}")
    assert nodes["Trainer"].inputs["hyperparameters"] is nodes["Tuner"].outputs["best_hyperparameters"]
    assert nodes["Transform"] in nodes["Tuner"].upstream_nodes
    tuner = json.loads(nodes["Tuner"].exec_properties["custom_config"])["tuner"]
    assert (tuner["trials"], tuner["space"]) == (3, {"learning_rate": [0.1]})
    assert nodes["Tuner"].exec_properties["module_file"] is None, "none can be packed for a cluster"


def test_the_search_is_done_with_code_that_can_be_imported(tmp_path):
    nodes = wire(tmp_path, "tuner.enabled=true")
    module, _, function = nodes["Tuner"].exec_properties["tuner_fn"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_transform_sees_pretrained_files_and_when_they_change(pipeline, tmp_path):
    assert not {"vectors", "encoder"} & set(transform_config({node.id: node for node in pipeline.components}))
    file = tmp_path / "vectors.txt"
    settings = ["trainer.tagger=cnn_linear", f"trainer.cnn_linear.vectors.path={file}"]
    versions = []
    for content in ("a 1 2\n", "a 1 2\nb 3 4\n"):
        file.write_text(content)
        vectors = transform_config(wire(tmp_path, *settings))["vectors"]
        assert vectors["path"] == str(file)
        versions.append(vectors["version"])
    assert versions[0] != versions[1]


def test_gazetteers_are_read_by_the_transform_alone(tmp_path):
    file = tmp_path / "cities.txt"
    versions = []
    for content in ("Rome\n", "Bonn\n"):
        file.write_text(content)
        nodes = wire(tmp_path, f"transform.gazetteers=[{{path: {file}, type: CITY}}]")
        versions += transform_config(nodes)["gazetteers"]
        assert "cities.txt" not in str(nodes["Trainer"].exec_properties)
    assert len({*versions}) == 2


def test_a_training_and_a_search_do_not_resume_from_a_state_of_other_vectors(tmp_path):
    """The state holds the vectors, and the transform graph only their words."""
    file, versions = tmp_path / "vectors.txt", []
    for content in ("a 1 2\n", "a 1 3\n"):
        file.write_text(content)
        nodes = wire(tmp_path, f"trainer.cnn_linear.vectors.path={file}", "tuner.enabled=true")
        search = json.loads(nodes["Tuner"].exec_properties["custom_config"])["code_version"]
        versions.append((nodes["Trainer"].exec_properties["code_version"], search))
    assert not {*versions[0]} & {*versions[1]}


def test_the_profile_of_the_data_is_registered_with_the_model(pipeline):
    nodes = {node.id: node for node in pipeline.components}
    assert nodes["Reporter"].inputs["data_profile"] is nodes["DriftValidator"].outputs["profile"]
    assert nodes["RegistryPusher"].inputs["report"] is nodes["Reporter"].outputs["report"]
    assert nodes["DriftValidator"].inputs["champion"] is nodes["ChampionSource"].outputs["champion_trained_model"]


def test_the_schema_travels_with_the_pipeline(pipeline, tmp_path):
    (node,) = (node for node in pipeline.components if node.id == "SchemaSource")
    assert "sentence" in node.exec_properties["text"]
    assert "genre" in wire(tmp_path, "corpus.metadata=[genre]")["SchemaSource"].exec_properties["text"]


@pytest.mark.parametrize(
    ("beam_args", "added"),
    [
        ("[]", True),
        ("[--runner=DirectRunner]", True),
        ("[--runner=FlinkRunner]", False),
        ("[--sdk_container_image=x]", False),
    ],
)
def test_tfx_does_not_pack_itself_for_workers_that_there_are_not(tmp_path, beam_args, added):
    config = load_config(None, [f"work_dir={tmp_path}", f"beam.args={beam_args}"])
    args = create.create_pipeline(
        config, prepare_inputs(config), RunRequest(), targets.Target.local(config)
    ).beam_pipeline_args
    assert ("--sdk_container_image=none" in args) == added
    assert args[: len(config.beam.args)] == list(config.beam.args)


def test_on_a_cluster_nothing_refers_to_this_machine(tmp_path):
    config = load_config(None, [f"work_dir={tmp_path}", "registry.uri=http://mlflow:5000"])
    target = targets.Target.cluster(config, "s3://bucket/corpus")
    remote = create.create_pipeline(config, inputs_of_cluster(config), RunRequest(), target)
    nodes = {node.id: node for node in remote.components}
    assert nodes["CorpusExampleGen"].inputs["corpus"] is nodes["Corpus"].outputs["corpus"]
    assert nodes["ChampionSource"].exec_properties["version"] is target.baseline
    assert nodes["Trainer"].exec_properties["epochs"] is target.epochs
    values = [str(value) for node in nodes.values() for value in node.exec_properties.values()]
    assert not [value for value in values if str(tmp_path) in value]
    assert target.defaults == {
        "data": "s3://bucket/corpus",
        "span": "newest",
        "epochs": config.trainer.epochs,
        "run_name": "",
        "baseline": "champion",
    }
