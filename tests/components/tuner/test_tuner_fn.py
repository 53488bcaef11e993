"""TFX's Tuner with our search, and its standard artifact, which the Trainer reads."""

from __future__ import annotations

import json
import shutil

import pytest

from components.trainer.hyperparameters import read_hyperparameters, with_hyperparameters
from components.tuner.settings import TunerSettings

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def tuned(transformed, tagger_settings, tmp_path_factory):
    """Folder of the outputs of the component, run as by an orchestrator."""
    from tfx import types
    from tfx.components import Tuner
    from tfx.dsl.components.base import base_executor
    from tfx.types import artifact_utils, standard_artifacts

    folder = tmp_path_factory.mktemp("tuner")
    names = {"examples": standard_artifacts.Examples, "transform_graph": standard_artifacts.TransformGraph}
    names |= {"best_hyperparameters": standard_artifacts.HyperParameters}
    names |= {"tuner_results": standard_artifacts.TunerResults}
    artifacts = {name: kind() for name, kind in names.items()}
    for name, artifact in artifacts.items():
        artifact.uri = str(folder / name)
    artifacts["transform_graph"].uri = transformed.graph
    artifacts["examples"].split_names = artifact_utils.encode_split_names(["train", "eval"])
    for split in ("train", "eval"):
        (folder / "examples" / f"Split-{split}").mkdir(parents=True)
        shutil.copy(transformed.files[0], folder / "examples" / f"Split-{split}")
    space = {"learning_rate": [1e-6], "cnn_linear.dilations": [[1]], "transformer.rate": [0.5]}
    tuner_settings = TunerSettings(enabled=True, trials=3, minutes=None, epochs=2, method="random", space=space)
    tuner = Tuner(
        examples=types.Channel(type=standard_artifacts.Examples),
        transform_graph=types.Channel(type=standard_artifacts.TransformGraph),
        tuner_fn="components.tuner.tuner_fn.tuner_fn",
        custom_config={
            "trainer": tagger_settings.model_dump(mode="json"), "tuner": tuner_settings.model_dump(mode="json"),
        },
    )  # fmt: skip
    context = base_executor.BaseExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")
    inputs, outputs = ({name: [artifacts[name]] for name in ends} for ends in (list(names)[:2], list(names)[2:]))
    tuner.EXECUTOR_SPEC.executor_class(context).Do(inputs, outputs, tuner.exec_properties)
    return folder


def test_the_trainer_reads_the_best_settings_from_the_standard_artifact(tuned, tagger_settings):
    values = read_hyperparameters(str(tuned / "best_hyperparameters"))
    assert set(values) == {"learning_rate", "cnn_linear.dilations"}
    assert values["learning_rate"] == tagger_settings.learning_rate, "the other one is too small to learn"
    best = with_hyperparameters(tagger_settings, values)
    assert best.tagger_options["dilations"] in ([1], [1, 2])
    assert best.epochs == tagger_settings.epochs


def test_the_results_of_all_trials_are_written(tuned):
    rows = json.loads((tuned / "tuner_results" / "tuner_results.json").read_text())
    assert len(rows) == 3
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert all(0 <= score <= 1 for score in scores)


def test_an_interrupted_search_keeps_its_finished_trials_and_ends_like_an_uninterrupted_one(
    transformed, tagger_settings, tmp_path, monkeypatch, caplog
):
    from types import SimpleNamespace

    from components.common.interruption import Interrupted
    from components.tuner import tuner_fn

    space = {"learning_rate": [0.001, 0.002, 0.003, 0.004], "cnn_linear.dropout": [0.1, 0.2]}
    searched = TunerSettings(enabled=True, trials=5, minutes=None, epochs=1, method="random", space=space)
    tagger_settings = tagger_settings.replace({"teacher": "3", "unlabelled": ["a.txt"]})
    trained, states = [], []

    def search(name, stop=None):
        def train(settings, inputs, *, checkpoint):
            if len(trained) == stop:
                checkpoint.save({"step": 7}, {})
                raise Interrupted(15)
            trained.append(settings)
            states.append(checkpoint.load())
            assert inputs.teacher is None
            return SimpleNamespace(best_f1=settings.learning_rate * 100)

        monkeypatch.setattr(tuner_fn, "train", train)
        config = {"trainer": tagger_settings.model_dump(mode="json"), "tuner": searched.model_dump(mode="json")}
        arguments = SimpleNamespace(
            custom_config=config | {"checkpoint_dir": str(tmp_path / name)},
            train_files=transformed.files,
            eval_files=transformed.files,
            transform_graph_path=transformed.graph,
            working_dir=str(tmp_path / f"{name}-{len(trained)}"),  # TFX's, another one for each execution
        )
        tuner = tuner_fn.tuner_fn(arguments).tuner
        tuner.search()
        return [(trial.hyperparameters.values, trial.score) for trial in tuner.oracle.get_best_trials(5)]

    expected = search("whole")
    assert caplog.text.count("the trials learn from the labelled sentences alone") == 1
    uninterrupted = list(trained)
    trained.clear()
    states.clear()
    with pytest.raises(Interrupted):
        search("stopped", stop=3)
    assert search("stopped") == expected
    assert trained == uninterrupted, "no trial is trained twice"
    assert [state and state[0] for state in states] == [None, None, None, {"step": 7}, None]
    assert [path.suffix for path in (tmp_path / "stopped" / "trials").iterdir()] == [".json"] * 5
