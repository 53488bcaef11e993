"""The whole pipeline in the emulator of Kubeflow Pipelines, compared with a local run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.lazy import LazyModule

json_format = LazyModule("google.protobuf.json_format")
emulation = LazyModule("support.kfp_emulator.emulator")
pipeline_file = LazyModule("support.kfp_emulator.pipeline_file")
store = LazyModule("components.registry.model_registry")
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(3600)]

BIN = Path(sys.executable).parent
ROOT, DATA = "minio://mlpipeline/v2/artifacts", "minio://data/corpus"
EPOCHS, STEPS = 4, 40  # a short training
SENTENCES = ["Justin Trudeau went to New Delhi India", "Vladimir Putin was chased out of Kyiv Ukraine", "Nobody left ."]
# Tags that must agree; the others identify a run.
OF_THE_MODEL = ("blessed", "contract_version", "schema", "schema_hash", "metric.entity_f1", "metrics_by_type")
OF_THE_FILES = "data.input_fingerprint"  # TFX's own fingerprint locally, a content hash on a cluster


def ner(*arguments: str, cwd: Path) -> str:
    command = [BIN / "ner", *arguments]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=1800)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def champion(registry: Path):
    return store.ModelRegistry(f"sqlite:///{registry}").get("ner", "champion")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    from pipeline.samples import write_sample

    folder = tmp_path_factory.mktemp("data") / "corpus"
    write_sample(folder, kind="articles", seed=0)
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory, corpus):
    """Folder of a local run."""
    folder = tmp_path_factory.mktemp("local")
    settings = (f"corpus.path={corpus}", f"trainer.epochs={EPOCHS}", f"trainer.epoch_steps={STEPS}")
    ner("run", *(part for setting in settings for part in ("--set", setting)), cwd=folder)
    return folder


def emulated(tmp_path: Path, corpus: Path):
    """Compiles and emulates; returns the emulator, the result and the registry's file."""

    registry = tmp_path / "registry" / "mlflow.db"
    settings = ("--set-cluster", f"settings={{registry.uri: 'sqlite:///{registry}', trainer.epoch_steps: {STEPS}}}")
    ner("compile", "--target", "kubeflow", "-o", "pipeline.yaml", *settings, "--data", DATA, cwd=tmp_path)
    lines: list[str] = []
    emulator = emulation.Emulator(tmp_path / "work", lines.append, retry=False)
    emulator.store.put(DATA, corpus)
    pipeline = pipeline_file.read_pipeline(tmp_path / "pipeline.yaml")
    assert pipeline.pods
    result = emulator.run(pipeline, {"epochs": EPOCHS, "run_name": "emulated"}, ROOT)
    assert result.succeeded, "\n".join(lines)
    return emulator, result, registry


def tagged(version, registry: Path, folder: Path) -> str:
    """Returns the sentences as the version's files tag them."""
    model = store.ModelRegistry(f"sqlite:///{registry}").fetch(version, folder)
    return ner("predict", "--model", str(model), *SENTENCES, cwd=folder.parent)


def test_an_emulated_run_produces_the_model_of_a_local_run(tmp_path, corpus, local):
    emulator, result, registry = emulated(tmp_path, corpus)
    local_registry = local / "work" / "registry" / "mlflow.db"
    ours, expected = champion(registry), champion(local_registry)
    assert ours.version == 1
    data = {name for name in {*ours.tags, *expected.tags} if name.startswith("data.")} - {OF_THE_FILES}
    for name in (*OF_THE_MODEL, *sorted(data)):
        assert ours.tags[name] == expected.tags[name].replace(str(corpus), DATA), name
    assert (ours.tags["run_id"], ours.tags["run_name"]) == (result.run_id, "emulated")
    assert tagged(ours, registry, tmp_path / "ours") == tagged(expected, local_registry, tmp_path / "expected")
    check_user_interface(emulator, result)


def check_user_interface(emulator, result):
    """Checks scores, confusion matrix, report, model card and registration in the user interface."""
    shown = result.artifacts
    scores = json_format.MessageToDict(shown["Evaluator"]["scores"].metadata)
    assert 0 < scores["entity_f1"] <= 1
    matrix = json_format.MessageToDict(shown["Evaluator"]["confusion_matrix"].metadata)["confusionMatrix"]["struct"]
    assert len(matrix["rows"]) == len(matrix["annotationSpecs"]) > 1
    assert json_format.MessageToDict(shown["RegistryPusher"]["registration"].metadata)["version"] == 1
    for name, begin in (("report_page", "<!doctype html>"), ("model_card_page", "#")):
        text = emulator.store.path(shown["Reporter"][name].uri).read_text(encoding="utf-8")
        assert text.lstrip().lower().startswith(begin)
