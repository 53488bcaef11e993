"""Every layout holds a model that loads, gives the same tags, and answers its own requests."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tarfile

import pytest
import yaml
from support.kubernetes_fields import unknown_fields
from support.lazy import LazyModule
from support.settings import exporter_settings
from support.warmup import warmup_requests

from components.common.errors import NerError
from components.common.hashing import tree_hash
from components.exporter import embedded_contract, inspect_model
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.keys import ASSETS_EXTRA, WARMUP_FILE
from components.serving.packaging.packaging import LAYOUTS, package
from components.serving.packaging.prepare import ModelVersion
from components.serving.packaging.settings import Batching, PackageSettings

exporter, tf = LazyModule("components.exporter"), LazyModule("tensorflow")
# A layout hardly depends on the tagger: one is enough.
pytestmark = pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True, scope="session")
TARGETS = [pytest.param(target, marks=[] if target == "tf-serving" else pytest.mark.extended) for target in LAYOUTS]
SETTINGS = PackageSettings("ner")
SIGNATURES = {"serving_default", "keyed", "feature_forward", "serving_examples"}


@pytest.fixture(scope="module")
def packed(exported, tmp_path_factory):
    """Function from a target to (folder, record) of a package."""
    packages = {}

    def of(target):
        if target not in packages:
            folder = tmp_path_factory.mktemp(target) / "package"
            before = tree_hash(exported("plain"))
            packages[target] = folder, package([ModelVersion(exported("plain"), 7)], folder, target, SETTINGS)
            assert tree_hash(exported("plain")) == before
        return packages[target]

    return of


@pytest.fixture
def model_in(packed, tmp_path):
    """Function from a target to the folder of the packaged model; an archive is unpacked."""

    def of(target):
        folder, _ = packed(target)
        if target == "sagemaker":
            with tarfile.open(folder / "model.tar.gz") as tar:
                tar.extractall(tmp_path, filter="data")
            return tmp_path / "ner" / "7"
        return folder / {"tf-serving": "ner/7", "vertex": "model", "kserve": "storage/7"}[target]

    return of


@pytest.mark.parametrize("target", TARGETS)
def test_the_packaged_model_gives_the_same_tags(target, model_in, tags_as_before):
    tags_as_before(model_in(target))


@pytest.mark.parametrize("target", TARGETS)
def test_the_record_names_source_copy_signatures_and_files(target, packed, model_in, exported):
    folder, record = packed(target)
    assert json.loads((folder / "package.json").read_text()) == record
    assert (record["for"], record["name"], record["version"]) == (target, "ner", 7)
    [model] = record["models"]
    assert model["source_tree_hash"] == tree_hash(exported("plain"))
    assert model["tree_hash"] == tree_hash(model_in(target)) != model["source_tree_hash"]
    assert set(model["signatures"]) == SIGNATURES | ({"unkeyed_signature"} if target == "vertex" else set())
    assert model["unanswered"] == []
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(record["files"]) == files - {"package.json"}
    assert not [name for name in files if name.startswith(".")]
    assert not [path for path in folder.parent.iterdir() if path != folder]


@pytest.mark.extended
@pytest.mark.parametrize("target", LAYOUTS)
def test_the_model_answers_its_warmup_requests_of_every_signature(target, packed, model_in, ask):
    model = model_in(target)
    requests = warmup_requests(model)
    assert {request.model_spec.signature_name for request in requests} == {
        *packed(target)[1]["models"][0]["signatures"]
    }
    assert {request.model_spec.name for request in requests} == {"ner"}
    assert len(requests) <= 1000
    for request in requests:
        rows = {tensor.tensor_shape.dim[0].size for tensor in request.inputs.values()}
        assert {len(value) for value in ask(model, request).values()} == rows
    assert any(b"B-NAME" in ask(model, request)["tags"] for request in requests)


@pytest.mark.parametrize("target", TARGETS)
def test_the_model_answers_the_example_request_of_every_signature(target, packed, model_in, ask):
    folder, record = packed(target)
    bodies = {path.stem: json.loads(path.read_text()) for path in (folder / "requests").iterdir()}
    assert set(bodies) == set(record["models"][0]["signatures"])
    for name, body in bodies.items():
        assert body["signature_name"] == name
        assert len(ask(model_in(target), body)["tags"]) == 1
    [row] = bodies["serving_examples"]["instances"]
    assert set(row["examples"]) == {"b64"}
    assert bodies["keyed"]["instances"][0]["key"] == "key-0"


@pytest.mark.parametrize("target", TARGETS)
def test_every_file_that_the_readme_names_exists(target, packed):
    folder, record = packed(target)
    readme = (folder / "README.md").read_text()
    named = set(re.findall(r"requests/\w+\.json", readme))
    assert named <= set(record["files"])
    assert target == "vertex" or named
    for name in record["files"]:
        if "/" not in name and name not in ("README.md", "Dockerfile"):
            assert name in readme


@pytest.mark.extended
def test_tf_serving_gets_both_versions_with_their_labels(exported, tmp_path, tags_as_before):
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    models = [ModelVersion(exported("plain"), 12, ("champion",)), ModelVersion(exported("keyed"), 9, ("previous",))]
    folder = tmp_path / "package"
    record = package(models, folder, "tf-serving", SETTINGS)
    text = (folder / "models.config").read_text()
    [config] = text_format.Parse(text, model_server_config_pb2.ModelServerConfig()).model_config_list.config
    assert (config.name, config.base_path, config.model_platform) == ("ner", "/models/ner", "tensorflow")
    assert list(config.model_version_policy.specific.versions) == [9, 12]
    assert dict(config.version_labels) == record["labels"] == {"champion": 12, "previous": 9}
    assert sorted(path.name for path in (folder / "ner").iterdir()) == ["12", "9"]
    tags_as_before(folder / "ner" / "12")
    tags_as_before(folder / "ner" / "9")
    readme = (folder / "README.md").read_text()
    assert SETTINGS.image in readme
    ports = re.findall(r"-p (\S+)", readme)
    assert ports == ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]
    for option in ("--read-only", "--cap-drop ALL", "--user 65534:65534", "no-new-privileges"):
        assert option in readme
    assert "labels/previous:predict` is version 9" in readme


@pytest.mark.extended
def test_vertex_gets_a_keyed_default_and_instances_for_it(packed, ask):
    folder, _ = packed("vertex")
    contract = inspect_model(folder / "model").contract
    assert set(contract.signatures["serving_default"].inputs) == {"key", "sentence"}
    assert set(contract.signatures["unkeyed_signature"].inputs) == {"sentence"}
    rows = [json.loads(line) for line in (folder / "instances.jsonl").read_text().splitlines()]
    assert len(rows) == 2
    answer = ask(folder / "model", {"signature_name": "serving_default", "instances": rows})
    assert answer["key"].tolist() == [row["key"].encode() for row in rows]


@pytest.mark.extended
def test_vertex_keeps_a_keyed_model_unchanged(exported, tmp_path):
    record = package([ModelVersion(exported("keyed"), 1)], tmp_path / "package", "vertex", SETTINGS)
    assert set(record["models"][0]["signatures"]) == {*inspect_model(exported("keyed")).contract.signatures}
    pb = "saved_model.pb"
    assert (tmp_path / "package" / "model" / pb).read_bytes() == (exported("keyed") / pb).read_bytes()


@pytest.mark.extended
def test_sagemaker_archive_is_the_same_bytes_each_time(packed, exported, tmp_path):
    folder, _ = packed("sagemaker")
    copy = tmp_path / "copy"
    shutil.copytree(exported("plain"), copy, copy_function=shutil.copyfile)  # other times
    package([ModelVersion(copy, 7)], tmp_path / "again", "sagemaker", SETTINGS)
    assert (tmp_path / "again" / "model.tar.gz").read_bytes() == (folder / "model.tar.gz").read_bytes()
    with tarfile.open(folder / "model.tar.gz") as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    assert names == sorted(names)
    assert "ner/7/saved_model.pb" in names
    assert {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in members} == {
        (0, 0, 0, "", "")
    }
    with gzip.open(folder / "model.tar.gz") as packed_file:
        packed_file.read(1)
        assert packed_file.mtime == 0


@pytest.mark.extended
def test_sagemaker_gets_name_and_batching_as_variables(packed):
    environment = json.loads((packed("sagemaker")[0] / "environment.json").read_text())
    assert environment == {
        "SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "ner",
        "SAGEMAKER_TFS_ENABLE_BATCHING": "true",
        "SAGEMAKER_TFS_MAX_BATCH_SIZE": "32",
        "SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS": "1000",
        "SAGEMAKER_TFS_MAX_ENQUEUED_BATCHES": "100",
        "SAGEMAKER_TFS_NUM_BATCH_THREADS": "4",
    }


@pytest.mark.extended
@pytest.mark.parametrize("uri", ["", "gs://models/ner"])
def test_kserve_service_points_above_the_numbered_folder(exported, tmp_path, uri):
    settings = PackageSettings("My_ner.v2", storage_uri=uri)
    package([ModelVersion(exported("plain"), 3)], tmp_path / "package", "kserve", settings)
    service = yaml.safe_load((tmp_path / "package" / "inferenceservice.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    assert service["metadata"]["name"] == "my-ner-v2"
    model = service["spec"]["predictor"]["model"]
    assert model["modelFormat"] == {"name": "tensorflow"}
    assert model["runtimeVersion"] == SETTINGS.server_version
    assert model["storageUri"] == (uri or "s3://BUCKET/My_ner.v2")
    assert "--batching_parameters_file=/mnt/models/batching.config" in model["args"]
    assert (model["securityContext"]["runAsNonRoot"], model["securityContext"]["readOnlyRootFilesystem"]) == (
        True,
        True,
    )
    assert model["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(model["securityContext"]) <= set(security_context_fields())
    policy = yaml.safe_load((tmp_path / "package" / "networkpolicy.yaml").read_text())
    assert unknown_fields(policy) == []
    assert policy["spec"]["podSelector"]["matchLabels"] == {"serving.kserve.io/inferenceservice": "my-ner-v2"}
    assert policy["spec"]["ingress"][0]["from"][0]["namespaceSelector"]
    assert sorted(path.name for path in (tmp_path / "package" / "storage").iterdir()) == ["3", "batching.config"]


def security_context_fields():
    client = pytest.importorskip("kubernetes.client", reason="comes with kfp")
    return client.V1SecurityContext.attribute_map.values()


@pytest.mark.extended
@pytest.mark.parametrize("target", LAYOUTS)
def test_every_readme_has_a_section_about_access(target, packed):
    folder, _ = packed(target)
    readme = (folder / "README.md").read_text()
    assert "## Access" in readme
    assert "login" in readme.partition("## Access")[2]
    assert "0.0.0.0" not in readme
    assert not re.search(r"-p \d+:", readme), "a port without an address is open to every machine"
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o004, f"{path}: a server without root reads it"


@pytest.mark.extended
def test_the_same_package_stays_and_another_is_refused(exported, tmp_path):
    folder = tmp_path / "package"
    first = package([ModelVersion(exported("plain"), 1)], folder, "kserve", SETTINGS)
    inode = folder.stat().st_ino
    assert package([ModelVersion(exported("plain"), 1)], folder, "kserve", SETTINGS) == first
    assert folder.stat().st_ino == inode
    before = tree_hash(folder)
    for models, target, settings, differing in [
        ([ModelVersion(exported("plain"), 2)], "kserve", SETTINGS, "models, version"),
        ([ModelVersion(exported("keyed"), 1)], "kserve", SETTINGS, "models"),
        ([ModelVersion(exported("plain"), 1)], "sagemaker", SETTINGS, "for"),
        ([ModelVersion(exported("plain"), 1)], "kserve", PackageSettings("ner", "2.17.0"), "server_version"),
    ]:
        with pytest.raises(NerError, match=rf"another package already \(it differs in {differing}\)"):
            package(models, folder, target, settings)
    assert tree_hash(folder) == before
    (folder / "README.md").write_text("changed")
    with pytest.raises(NerError, match="differs in files"):
        package([ModelVersion(exported("plain"), 1)], folder, "kserve", SETTINGS)


@pytest.mark.extended
def test_a_folder_with_other_content_is_never_touched(exported, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(NerError, match="is not a package"):
        package([ModelVersion(exported("plain"), 1)], tmp_path, "vertex", SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("target", "most", "rows"),
    [
        ("tf-serving", 8, {1, 2, 8}),
        pytest.param("tf-serving", 1, {1}, marks=pytest.mark.extended),
        pytest.param("kserve", 2, {1, 2}, marks=pytest.mark.extended),
        pytest.param("vertex", 8, {1, 2, 8}, marks=pytest.mark.extended),
    ],
)
def test_no_warmup_request_is_larger_than_the_batches_of_the_server(exported, tmp_path, target, most, rows):
    settings = PackageSettings("ner", batching=Batching(max_batch_size=most))
    package([ModelVersion(exported("plain"), 1)], tmp_path / "package", target, settings)
    folder = {"tf-serving": "ner/1", "kserve": "storage/1", "vertex": "model"}[target]
    sizes: dict[str, set[int]] = {}
    for request in warmup_requests(tmp_path / "package" / folder):
        sizes.setdefault(request.model_spec.signature_name, set()).update(
            tensor.tensor_shape.dim[0].size for tensor in request.inputs.values()
        )
    assert set(sizes) >= SIGNATURES
    assert all(each == rows for each in sizes.values())


@pytest.mark.extended
def test_existing_warmup_requests_that_are_too_large_are_removed(exported, tmp_path):
    package([ModelVersion(exported("plain"), 1)], tmp_path / "first", "tf-serving", SETTINGS)
    settings = PackageSettings("ner", batching=Batching(max_batch_size=2))
    package([ModelVersion(tmp_path / "first" / "ner" / "1", 1)], tmp_path / "second", "tf-serving", settings)
    before, after = (warmup_requests(tmp_path / name / "ner" / "1") for name in ("first", "second"))
    few = [request for request in before if next(iter(request.inputs.values())).tensor_shape.dim[0].size <= 2]
    assert 0 < len(few) < len(before)
    assert after == few


def test_the_readme_names_the_largest_request_and_the_condition_for_splitting(exported, tmp_path):
    settings = PackageSettings("ner", batching=Batching(max_batch_size=8))
    for target in ("tf-serving", "kserve", "sagemaker"):
        package([ModelVersion(exported("plain"), 1)], tmp_path / target, target, settings)
        text = " ".join((tmp_path / target / "README.md").read_text(encoding="utf-8").split())
        assert "A request of more than 8 rows" in text
        assert "A client sends 9 rows as two requests" in text
        assert "Never set `enable_large_batch_splitting` for this model" in text
        assert "`exporter.token_length`" in text


@pytest.mark.extended
def test_answers_of_equal_width_may_be_split_except_those_to_examples(trained, transformed, tmp_path):
    folder = tmp_path / "model"
    contract = exporter.export(trained, transformed.graph, str(folder), exporter_settings(token_length=8))
    embed_metadata(folder, contract)
    package([ModelVersion(folder, 1)], tmp_path / "package", "tf-serving", SETTINGS)
    text = " ".join((tmp_path / "package" / "README.md").read_text(encoding="utf-8").split())
    assert "Never set" not in text
    assert "if nobody sends more than 32 rows to `serving_examples`" in text


@pytest.mark.extended
def test_a_key_gets_the_configured_dtype_in_model_and_warmup(exported, tmp_path):
    settings = PackageSettings("ner", key="row", key_dtype="int64")
    package([ModelVersion(exported("plain"), 1)], tmp_path / "package", "vertex", settings)
    requests = warmup_requests(tmp_path / "package" / "model")
    keyed = [request for request in requests if "row" in request.inputs]
    assert keyed
    assert all(tf.make_ndarray(request.inputs["row"]).dtype == "int64" for request in keyed)
    assert {request.model_spec.signature_name for request in keyed} == {"serving_default", "keyed_batches"}
    [line, _] = (tmp_path / "package" / "instances.jsonl").read_text(encoding="utf-8").splitlines()
    assert isinstance(json.loads(line)["row"], int)


def test_a_key_of_another_dtype_than_the_models_own_is_refused(exported, tmp_path):
    settings = PackageSettings("ner", key="key", key_dtype="int64")
    with pytest.raises(NerError, match="--key key:int64: the model's own key key has the dtype string"):
        package([ModelVersion(exported("plain"), 1)], tmp_path / "package", "vertex", settings)


@pytest.mark.extended
def test_existing_warmup_requests_are_kept(exported, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(exported("plain"), copy)
    with tf.io.TFRecordWriter(str(copy / ASSETS_EXTRA / WARMUP_FILE)):
        pass
    package([ModelVersion(copy, 1)], tmp_path / "package", "tf-serving", SETTINGS)
    assert warmup_requests(tmp_path / "package" / "ner" / "1") == []


def test_arguments_that_do_not_fit_are_refused(exported, tmp_path):
    cases = [
        ([1], "triton", {}, "unknown server. Use one of tf-serving, vertex, sagemaker, kserve"),
        ([0], "kserve", {}, "whole numbers from 1 upwards"),
        ([1, 2], "vertex", {}, "2 models for vertex"),
        ([2, 2], "tf-serving", {}, "version 2 is given twice"),
        ([1], "kserve", {"storage_uri": "/tmp/x"}, "expected an address"),
        ([1], "kserve", {"storage_uri": "s3://bucket/ner/1/"}, "ends in a number"),
        ([1], "kserve", {"name": "1ner"}, "a letter first"),
        ([1], "tf-serving", {"server_version": "2.15.0"}, "too old"),
        ([1], "tf-serving", {"server_version": "latest"}, "expected a full release"),
        ([1], "tf-serving", {"name": "a/b"}, "model name 'a/b'"),
    ]
    for versions, target, settings, message in cases:
        models = [ModelVersion(exported("plain"), version) for version in versions]
        with pytest.raises(NerError, match=message):
            package(models, tmp_path / "package", target, PackageSettings(**{"name": "ner", **settings}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.extended
def test_a_folder_without_model_and_a_model_without_answers_are_refused(exported, tmp_path):
    with pytest.raises(NerError, match=r"no saved_model\.pb"):
        package([ModelVersion(tmp_path, 1)], tmp_path / "package", "kserve", SETTINGS)
    broken = tmp_path / "broken"
    shutil.copytree(exported("plain"), broken)
    (broken / "variables" / "variables.index").unlink()
    with pytest.raises(NerError):
        package([ModelVersion(broken, 1)], tmp_path / "package", "kserve", SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


@pytest.mark.extended
def test_the_package_holds_the_contract(model_in):
    assert set(embedded_contract(model_in("tf-serving")).signatures) == SIGNATURES
