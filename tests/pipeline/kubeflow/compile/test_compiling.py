"""The whole pipeline, compiled once for Kubeflow Pipelines and once for Vertex AI."""

from __future__ import annotations

import dataclasses
import json

import pytest
import yaml
from support.lazy import LazyModule

from components.common.errors import NerError
from configs.cluster_loading import load_cluster
from configs.cluster_spec import NODES, seconds
from configs.loading import load_config
from pipeline.kubeflow.compile.kubernetes_platform import platform
from pipeline.run.inputs import inputs_of_cluster

compiling = LazyModule("pipeline.kubeflow.compile.compiling")
json_format = LazyModule("google.protobuf.json_format")
pipeline_spec_pb2 = LazyModule("kfp.pipeline_spec.pipeline_spec_pb2")

DIGEST = "@sha256:" + "a" * 64
CLUSTER = f"""
pipeline_root: s3://bucket/runs
data: s3://bucket/corpus
images: {{cpu: ner{DIGEST}, gpu: ner-gpu{DIGEST}, pull_policy: Always, pull_secrets: [docker]}}
nodes:
  default:
    env: {{PROXY: "x"}}
    secret_env: {{mlflow: {{MLFLOW_TRACKING_TOKEN: token}}}}
  Trainer:
    gpu: {{type: nvidia.com/gpu, count: 2}}
    node_selector: {{pool: gpu}}
    volumes: [{{claim: ner-state, path: /state}}]
    retries: {{count: 5}}
  DataValidator: {{retries: {{count: 0}}, timeout: null}}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    file = tmp_path_factory.mktemp("cluster") / "cluster.yaml"
    file.write_text(CLUSTER)
    return load_cluster("kubeflow", file)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory, cluster):
    """The file and its documents."""
    file = tmp_path_factory.mktemp("out") / "pipeline.yaml"
    config = load_config(None, [*compiling.settings_for(cluster), "trainer.epochs=3", "corpus.metadata=[genre]"])
    return file, compiling.compile_pipeline(config, cluster, "kubeflow", file)


@pytest.fixture(scope="module")
def spec(compiled):
    return compiled[1][0]


def executor(spec, node):
    task = spec["root"]["dag"]["tasks"][node]
    return spec["deploymentSpec"]["executors"][spec["components"][task["componentRef"]["name"]]["executorLabel"]]


def test_the_file_is_valid_for_kfps_protos_and_loader(compiled, spec):
    from kfp.components import load_component_from_text

    file, documents = compiled
    assert list(yaml.safe_load_all(file.read_text())) == documents
    message = json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
    assert message.schema_version == "2.1.0"
    assert message.default_pipeline_root == "s3://bucket/runs"
    assert message.pipeline_info.description
    loaded = load_component_from_text(file.read_text())
    assert set(loaded.component_spec.inputs) == {"data", "span", "epochs", "run_name", "baseline", "train"}


def test_the_second_document_is_valid_for_kfps_kubernetes_protos(compiled):
    config = pytest.importorskip("kfp.kubernetes.kubernetes_executor_config_pb2")
    executors = compiled[1][1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    configs = {
        label: json_format.ParseDict(values, config.KubernetesExecutorConfig()) for label, values in executors.items()
    }
    trainer = configs["Trainer_executor"]
    assert trainer.node_selector.labels == {"pool": "gpu"}
    assert trainer.tolerations[0].key == "nvidia.com/gpu"
    assert trainer.pvc_mount[0].mount_path == "/state"
    assert trainer.pvc_mount[0].constant == "ner-state"
    [memory] = trainer.empty_dir_mounts
    assert (memory.mount_path, memory.medium, memory.size_limit) == ("/dev/shm", "Memory", "2Gi")
    assert trainer.active_deadline_seconds == 86400
    assert trainer.secret_as_env[0].key_to_env[0].env_var == "MLFLOW_TRACKING_TOKEN"
    assert {config.image_pull_policy for config in configs.values()} == {"Always"}
    assert not configs["Exporter_executor"].HasField("node_selector")
    assert configs["DataValidator_executor"].active_deadline_seconds == 0


def test_run_parameters_keep_types_and_defaults(spec):
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    declared = {name: (values["parameterType"], values.get("defaultValue")) for name, values in parameters.items()}
    assert declared == {
        "data": ("STRING", "s3://bucket/corpus"),
        "span": ("STRING", "newest"),
        "epochs": ("NUMBER_INTEGER", 3),
        "run_name": ("STRING", ""),
        "baseline": ("STRING", "champion"),
        "train": ("STRING", "due"),
    }
    assert all(values["isOptional"] and values["description"] for values in parameters.values())


def test_every_node_runs_our_entry_point(spec):
    tasks = spec["root"]["dag"]["tasks"]
    assert set(tasks) == {*NODES, "Corpus"} - {"Tuner"}
    assert "importer" in executor(spec, "Corpus")
    for node in set(tasks) - {"Corpus"}:
        container = executor(spec, node)["container"]
        module = "run_planner" if node == "RunPlanner" else "entry_point"
        assert container["command"] == ["python", "-m", f"pipeline.kubeflow.container.{module}"]
        assert "lifecycle" not in container
        assert {"name": "PROXY", "value": "x"} in container["env"]
    assert all(task["componentRef"]["name"] == f"comp-{name.lower()}" for name, task in tasks.items())


def test_only_the_trainer_has_gpus_and_their_image(spec):
    resources = {
        node: executor(spec, node)["container"]["resources"]
        for node in spec["root"]["dag"]["tasks"]
        if node != "Corpus"
    }
    assert resources["Trainer"]["accelerator"] == {"resourceType": "nvidia.com/gpu", "resourceCount": "2"}
    assert [node for node, values in resources.items() if "accelerator" in values] == ["Trainer"]
    assert resources["Exporter"]["resourceMemoryLimit"] == "8Gi"
    images = {node: executor(spec, node)["container"]["image"] for node in resources}
    assert {node for node, image in images.items() if image.startswith("ner-gpu@")} == {"Trainer"}


def test_retries_and_cache_are_set_for_each_node(spec):
    tasks = spec["root"]["dag"]["tasks"]
    assert tasks["Trainer"]["retryPolicy"] == {
        "maxRetryCount": 5, "backoffDuration": "30s", "backoffFactor": 2, "backoffMaxDuration": "1556130s",
    }  # fmt: skip
    assert "retryPolicy" not in tasks["DataValidator"]
    cached = {node for node, task in tasks.items() if task.get("cachingOptions", {}).get("enableCache")}
    assert not cached & {"RunPlanner", "RegistryPusher"}
    assert {"CorpusExampleGen", "ChampionSource", "Transform", "Trainer", "Evaluator"} <= cached


@dataclasses.dataclass(frozen=True)
class Try:
    """A try of a node by Argo's rules, in seconds after the start of the first: its start and its latest end."""

    start: int
    end: float


def argo_tries(policy, timeout):
    """Tries of a node that hits its timeout each time.

    Argo (docs/retries.md, `processNodeRetries` in workflow/controller/operator.go): at most `limit` retries; before the
    n-th a wait of `duration * factor^(n-1)`; `maxDuration` counts from the start of the first try, no try starts after
    it, and a running one ends with it.
    """
    wait, factor = int(policy["backoffDuration"][:-1]), int(str(policy["backoffFactor"]))  # "1.5" is an error in Argo
    longest, now, tries = int(policy["backoffMaxDuration"][:-1]), 0, []
    for number in range(policy["maxRetryCount"] + 1):
        if number:
            now += wait * factor ** (number - 1)
        if now > longest:
            break
        tries.append(Try(now, min(now + timeout, longest)))
        now = tries[-1].end
    return tries


@pytest.mark.parametrize(
    ("settings", "starts"),
    [
        ([], [0, 7230, 14490]),  # the defaults: two hours a try, waits of 30 and 60 s
        (["nodes.default.timeout=90m", "nodes.default.retries={count: 4, backoff: 45s, factor: 3}"],
         [0, 5445, 10980, 16785, 23400]),
        (["nodes.default.retries={count: 1, backoff: 1d, factor: 1}"], [0, 93600]),
    ],
)  # fmt: skip
def test_every_try_of_a_node_gets_its_whole_timeout(spec, settings, starts):
    from pipeline.kubeflow.compile.finalizing import retry_policy

    node = load_cluster("kubeflow", None, settings).nodes["Transform"]
    tries = argo_tries(retry_policy(node), seconds(node.timeout))
    assert [one.start for one in tries] == starts
    assert {one.end - one.start for one in tries} == {seconds(node.timeout)}


def test_paths_of_this_machine_are_not_compiled(compiled, spec):
    text = compiled[0].read_text()
    assert str(load_config(None).work_dir.absolute()) not in text
    assert (
        "genre"
        in spec["root"]["dag"]["tasks"]["SchemaSource"]["inputs"]["parameters"]["text"]["runtimeValue"]["constant"]
    )


@pytest.mark.extended
def test_parameters_stay_far_below_the_longest_argument(spec):
    """The ExecutorInput, one argument of at most 128 KiB, has these and some hundred bytes an artifact."""
    for task in spec["root"]["dag"]["tasks"].values():
        assert len(json.dumps(task["inputs"].get("parameters", {}))) < 16_000


@pytest.mark.extended
def test_compiling_again_gives_the_same_bytes(compiled, cluster, tmp_path):
    config = load_config(None, [*compiling.settings_for(cluster), "trainer.epochs=3", "corpus.metadata=[genre]"])
    compiling.compile_pipeline(config, cluster, "kubeflow", tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_bytes() == compiled[0].read_bytes()


def test_the_corpus_file_of_a_local_profile_is_not_looked_for_on_the_cluster(tmp_path):
    file = tmp_path / "names.conll"
    file.write_text("a\tO\n")
    config = load_config(None, [f"corpus.path={file}"])
    assert inputs_of_cluster(config).splits == ()


def test_vertex_gets_one_job_with_its_own_fields(tmp_path):
    cluster = load_cluster("vertex", None, ["pipeline_root=gs://bucket/runs", "data=gs://bucket/corpus"])
    config = load_config(None, [*compiling.settings_for(cluster), "tuner.enabled=true"])
    (job,) = compiling.compile_pipeline(config, cluster, "vertex", tmp_path / "job.json")
    assert json.loads((tmp_path / "job.json").read_text()) == job
    json_format.ParseDict(job, pipeline_spec_pb2.PipelineJob())
    assert job["runtimeConfig"] == {"gcsOutputDirectory": "gs://bucket/runs"}
    resources = executor(job["pipelineSpec"], "Trainer")["container"]["resources"]
    assert resources["accelerator"] == {"type": "NVIDIA_TESLA_T4", "count": "1"}
    assert (resources["cpuLimit"], resources["memoryLimit"]) == (8.0, 32.212)
    assert "Tuner" in job["pipelineSpec"]["root"]["dag"]["tasks"]


def test_user_of_the_pods_is_in_the_second_document_if_it_is_set(spec):
    cluster = load_cluster("kubeflow", None, ["nodes.default.run_as={user: 1000, group: 0, non_root: true}"])
    for expected, one in ((None, load_cluster("kubeflow")), ({"runAsUser": "1000", "runAsGroup": "0"}, cluster)):
        executors = platform(spec, one)["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
        context = executors["Trainer_executor"].get("securityContext")
        assert context == (expected and {**expected, "runAsNonRoot": True})


@pytest.mark.extended
def test_without_kubernetes_settings_there_is_one_document(spec):
    plain = load_cluster("kubeflow", None, ["nodes.default.timeout=null", "nodes.Trainer={gpu: null}"])
    assert platform(spec, load_cluster("kubeflow")) is not None
    bare = plain.model_copy(
        update={
            "nodes": {
                name: node.model_copy(update={"shared_memory": None, "tolerations": (), "timeout": None})
                for name, node in plain.nodes.items()
            }
        }
    )
    assert platform(spec, bare) is None


@pytest.mark.extended
def test_a_node_that_kubeflow_cannot_run_is_refused(cluster):
    from pipeline.kubeflow.compile.finalizing import finalize

    spec = {
        "pipelineInfo": {"name": "p"},
        "components": {"Latest": {"executorLabel": "Latest_executor"}},
        "deploymentSpec": {"executors": {"Latest_executor": {"resolver": {}}}},
        "root": {"dag": {"tasks": {"Latest": {"taskInfo": {"name": "Latest"}, "componentRef": {"name": "Latest"}}}}},
    }
    with pytest.raises(NerError, match="Latest: Kubeflow Pipelines does not run resolver nodes"):
        finalize(spec, cluster, {}, "kubeflow")


def test_settings_that_are_likely_to_fail_are_reported(cluster):
    def warnings(*settings, **options):
        return compiling.warnings(load_config(None, ["registry.uri=http://mlflow", *settings]), cluster, **options)

    assert warnings("trainer.checkpoint_dir=/state/checkpoints") == []
    lost = "so it is lost with the pod. Mount one volume there"
    assert warnings("registry.serving_dir=/state/serving", "trainer.checkpoint_dir=state") == [
        f"registry.serving_dir: /state/serving is not on a volume of RegistryPusher, {lost}",
        f"trainer.checkpoint_dir: state is not on a volume of Trainer, {lost}",
    ], "only the Trainer has a volume"
    file = "registry.uri=sqlite:///work/mlflow.db"
    (warning,) = warnings(file)
    nodes = "RunPlanner, ChampionSource, RegistryPusher"
    assert warning == f"registry.uri: work/mlflow.db is not on a volume of {nodes}, {lost}"
    (warning,) = warnings(file, "retrain.scores=scores.json", batch=True)
    assert warning.startswith("registry.uri: work/mlflow.db is not on a volume of BatchPredictor, unless the image has")
    (warning,) = warnings("drift.requests=requests.jsonl")
    assert warning.startswith(
        "drift.requests: requests.jsonl is not on a volume of RunPlanner, unless the image has it"
    )
    assert warnings("corpus.path=corpus") == [], "data has a default"
    unread = compiling.warnings(load_config(None, ["corpus.path=corpus"]), cluster.model_copy(update={"data": None}))
    assert "corpus.path: not read on a cluster. Give the address of the corpus with --data" in unread
    unpinned = compiling.warnings(load_config(None), load_cluster("kubeflow"))
    assert sum("without a digest" in line for line in unpinned) == 1, "one line for all images"
    files = ["/state/cities.txt", "gs://bucket/teams.txt", "people.txt"]
    gazetteers = ", ".join(f"{{path: {file}, type: NAME}}" for file in files)
    assert [line.partition(":")[0] for line in warnings(f"transform.gazetteers=[{gazetteers}]")] == [
        "transform.gazetteers.0.path",
        "transform.gazetteers.2.path",
    ], "Transform has no volume"


@pytest.mark.extended
def test_json_holds_one_document(cluster, tmp_path):
    with pytest.raises(NerError, match=r"p\.json: JSON holds one document"):
        compiling.compile_pipeline(load_config(None), cluster, "kubeflow", tmp_path / "p.json")
