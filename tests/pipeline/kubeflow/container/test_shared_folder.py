"""Artifacts in a folder that Beam's workers share with the node."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.container.mirror import ROOT_VARIABLE
from pipeline.kubeflow.container.shared_folder import FOLDER_VARIABLE, through_shared_folder


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """A pod with a mirror that holds an input, and with a shared folder."""
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "pod"))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    input_folder, output_folder = tmp_path / "pod/minio/bucket/input", tmp_path / "pod/minio/bucket/output"
    (input_folder / "Split-train").mkdir(parents=True)
    (input_folder / "Split-train/data").write_text("sentences")
    output_folder.mkdir()
    (tmp_path / "shared").mkdir()
    return SimpleNamespace(
        input_folder=input_folder, output_folder=output_folder, shared=tmp_path / "shared", volume=tmp_path / "volume",
        inputs={"examples": [SimpleNamespace(uri=str(input_folder))]},
        outputs={"statistics": [SimpleNamespace(uri=str(output_folder))]},
    )  # fmt: skip


def execute(pod):
    """Reads its input's files and writes output files, as an executor does."""
    text = (Path(pod.inputs["examples"][0].uri) / "Split-train/data").read_text()
    folder = Path(pod.outputs["statistics"][0].uri) / "Split-train"
    folder.mkdir(parents=True)
    (folder / "stats").write_text(f"of {text}")


def test_executor_works_in_the_shared_folder_and_the_mirror_gets_the_outputs(pod):
    with through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)):
        for artifact in (*pod.inputs["examples"], *pod.outputs["statistics"]):
            assert Path(artifact.uri).is_relative_to(pod.shared)
        execute(pod)
        assert list(pod.output_folder.iterdir()) == []
    assert (pod.output_folder / "Split-train/stats").read_text() == "of sentences"
    assert (pod.inputs["examples"][0].uri, pod.outputs["statistics"][0].uri) == (
        str(pod.input_folder),
        str(pod.output_folder),
    )


@pytest.mark.extended
def test_the_copies_are_removed(pod):
    with through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)):
        execute(pod)
    assert list(pod.shared.iterdir()) == []


def test_a_file_keeps_its_name_which_says_its_format(pod):
    corpus = [SimpleNamespace(uri=str(pod.input_folder / "Split-train/data"))]
    with through_shared_folder({"corpus": corpus}, {}, str(pod.shared)):
        assert Path(corpus[0].uri).name == "data"
        assert Path(corpus[0].uri).read_text() == "sentences"


def test_a_failure_leaves_no_outputs_and_no_copies(pod):
    def fail():
        execute(pod)
        raise ValueError("in the executor")

    with (
        pytest.raises(ValueError, match="in the executor"),
        through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)),
    ):
        fail()
    assert list(pod.shared.iterdir()) == []
    assert list(pod.output_folder.iterdir()) == []
    assert pod.outputs["statistics"][0].uri == str(pod.output_folder)


@pytest.mark.extended
def test_retries_and_parallel_nodes_use_different_folders(pod):
    with through_shared_folder(pod.inputs, {}, str(pod.shared)):
        first = pod.inputs["examples"][0].uri
        pod.inputs["examples"][0].uri = str(pod.input_folder)  # as in another pod
        with through_shared_folder(pod.inputs, {}, str(pod.shared)):
            assert pod.inputs["examples"][0].uri != first


@pytest.mark.extended
def test_an_artifact_on_a_volume_is_not_moved(pod):
    corpus = SimpleNamespace(uri=str(pod.volume))
    with through_shared_folder({"corpus": [corpus]}, pod.outputs, str(pod.shared)):
        assert corpus.uri == str(pod.volume)


@pytest.mark.extended
def test_without_the_variable_nothing_is_moved(pod):
    with through_shared_folder(pod.inputs, pod.outputs):
        assert pod.inputs["examples"][0].uri == str(pod.input_folder)


@pytest.mark.extended
def test_the_folder_comes_from_the_nodes_environment(pod, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, f"{pod.shared}/")
    with through_shared_folder(pod.inputs, pod.outputs):
        assert pod.inputs["examples"][0].uri.startswith(f"{pod.shared}/")


def test_a_missing_folder_is_reported(pod):
    with pytest.raises(NerError, match=r"NER_BEAM_FOLDER: /no/such is not a folder in this pod\. Mount"):
        through_shared_folder(pod.inputs, pod.outputs, "/no/such").__enter__()


@pytest.mark.extended
def test_an_output_without_files_is_an_empty_folder(pod):
    with through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)):
        pass
    assert list(pod.output_folder.iterdir()) == []
