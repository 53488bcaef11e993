"""Identity of a training."""

from __future__ import annotations

import pytest


@pytest.fixture
def data(tmp_path):
    for name in ("train", "dev", "graph/vocabulary"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def number(settings, folder, code="x", earlier=None):
    from components.trainer.inputs import TrainingInputs, training_id

    files = [str(folder / "train")], [str(folder / "dev")], str(folder / "graph")
    return training_id(settings, TrainingInputs(*files, earlier), code)


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_paths_and_checkpoint_settings_do_not_count(settings, data, tmp_path):
    before = number(settings, data)
    assert len(before) == 32
    other = data.rename(data.with_name("elsewhere"))
    assert number(settings, other) == before
    assert number(settings.replace({"checkpoint_steps": 7, "checkpoint_dir": "elsewhere"}), other) == before


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_everything_that_the_result_depends_on_counts(settings, data):
    numbers = {number(settings, data), number(settings, data, "y")}
    numbers.add(number(settings.replace({"seed": 9}), data))
    numbers.add(number(settings.replace({"cnn_linear.width": 8}), data))
    for name in ("train", "dev", "graph/vocabulary"):
        (data / name).write_text("changed")
        numbers.add(number(settings, data))
    (data / "earlier").mkdir()
    for weights in ("one", "another"):
        (data / "earlier" / "model.keras").write_text(weights)
        numbers.add(number(settings, data, earlier=str(data / "earlier")))
    assert len(numbers) == 9
