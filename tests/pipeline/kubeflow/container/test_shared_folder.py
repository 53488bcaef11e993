"""Artifacts on their way through a folder that Beam's workers reach."""

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
    given, made = tmp_path / "pod/minio/bucket/given", tmp_path / "pod/minio/bucket/made"
    (given / "Split-train").mkdir(parents=True)
    (given / "Split-train/data").write_text("sentences")
    made.mkdir()
    (tmp_path / "shared").mkdir()
    return SimpleNamespace(
        given=given, made=made, shared=tmp_path / "shared", volume=tmp_path / "volume",
        inputs={"examples": [SimpleNamespace(uri=str(given))]},
        outputs={"statistics": [SimpleNamespace(uri=str(made))]},
    )  # fmt: skip


def work(pod):
    """What an executor does: reads its input's files and writes some, wherever it is told to."""
    text = (Path(pod.inputs["examples"][0].uri) / "Split-train/data").read_text()
    folder = Path(pod.outputs["statistics"][0].uri) / "Split-train"
    folder.mkdir(parents=True)
    (folder / "stats").write_text(f"of {text}")


def test_executor_works_in_the_shared_folder_and_the_mirror_gets_the_outputs(pod):
    with through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)):
        for artifact in (*pod.inputs["examples"], *pod.outputs["statistics"]):
            assert Path(artifact.uri).is_relative_to(pod.shared)
        work(pod)
        assert list(pod.made.iterdir()) == []
    assert (pod.made / "Split-train/stats").read_text() == "of sentences"
    assert (pod.inputs["examples"][0].uri, pod.outputs["statistics"][0].uri) == (str(pod.given), str(pod.made))


def test_nothing_is_left_in_the_shared_folder(pod):
    with through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)):
        work(pod)
    assert list(pod.shared.iterdir()) == []


def test_failure_gives_no_outputs_and_leaves_nothing(pod):
    def fail():
        work(pod)
        raise ValueError("in the executor")

    with (
        pytest.raises(ValueError, match="in the executor"),
        through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)),
    ):
        fail()
    assert list(pod.shared.iterdir()) == []
    assert list(pod.made.iterdir()) == []
    assert pod.outputs["statistics"][0].uri == str(pod.made)


def test_retries_and_parallel_nodes_do_not_meet(pod):
    with through_shared_folder(pod.inputs, {}, str(pod.shared)):
        first = pod.inputs["examples"][0].uri
        pod.inputs["examples"][0].uri = str(pod.given)  # as another pod has it
        with through_shared_folder(pod.inputs, {}, str(pod.shared)):
            assert pod.inputs["examples"][0].uri != first


def test_what_lies_on_a_volume_stays_there(pod):
    corpus = SimpleNamespace(uri=str(pod.volume))
    with through_shared_folder({"corpus": [corpus]}, pod.outputs, str(pod.shared)):
        assert corpus.uri == str(pod.volume)


def test_without_the_variable_nothing_is_moved(pod):
    with through_shared_folder(pod.inputs, pod.outputs):
        assert pod.inputs["examples"][0].uri == str(pod.given)


def test_folder_comes_from_the_nodes_environment(pod, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, f"{pod.shared}/")
    with through_shared_folder(pod.inputs, pod.outputs):
        assert pod.inputs["examples"][0].uri.startswith(f"{pod.shared}/")


def test_folder_that_is_not_mounted_is_named(pod):
    with pytest.raises(NerError, match=r"NER_BEAM_FOLDER is /no/such, which is no folder here\. Mount"):
        through_shared_folder(pod.inputs, pod.outputs, "/no/such").__enter__()


def test_output_that_got_no_file_is_an_empty_folder(pod):
    with through_shared_folder(pod.inputs, pod.outputs, str(pod.shared)):
        pass
    assert list(pod.made.iterdir()) == []


@pytest.mark.parametrize(
    ("base", "shared"), [("base_beam_executor.BaseBeamExecutor", True), ("base_executor.BaseExecutor", False)]
)
def test_only_executors_that_use_beam_work_there(pod, monkeypatch, base, shared):
    from tfx.utils import import_utils

    from pipeline.kubeflow.container.component_run import _data_place

    monkeypatch.setenv(FOLDER_VARIABLE, str(pod.shared))
    with _data_place(import_utils.import_class_by_path(f"tfx.dsl.components.base.{base}"), pod.inputs, pod.outputs):
        assert Path(pod.inputs["examples"][0].uri).is_relative_to(pod.shared) == shared
