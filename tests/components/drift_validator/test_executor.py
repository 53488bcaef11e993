"""The DriftValidator on artifacts."""

from __future__ import annotations

import json

import pytest
from support.lazy import LazyModule

from components.common.hashing import tree_hash
from components.drift_validator.data_profile import DataProfile
from components.drift_validator.errors import DriftError
from components.drift_validator.settings import DriftSettings
from components.keys import DATA_PROFILE_FILE as FILE_NAME

tf = LazyModule("tensorflow")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")
artifact_utils = LazyModule("tfx.types.artifact_utils")

PEOPLE = ("Joe Biden left", ["B-PER", "I-PER", "O"])
PLACES = ("Paris is far", ["B-LOC", "O", "O"])
LIMITS = {"requests": None, "min_sentences": 5, "types": 0.3, "length": 0.3, "columns": 0.3, "unknown": 0.9}


def example(sentence, tags, source, **columns):
    values = {"key": ["k"], "sentence": [sentence], "tags": tags, "source": [source]}
    values |= {name: [value] for name, value in columns.items()}
    made = tf.train.Example()
    for name, texts in values.items():
        made.features.feature[name].bytes_list.value.extend(text.encode() for text in texts)
    return made.SerializeToString()


def artifact(kind, folder):
    folder.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(folder)
    return made


@pytest.fixture
def validate(tmp_path):
    """Runs the DriftValidator on rows of (split, span, (sentence, tags)); returns its output."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

    from components.artifacts import DataProfileArtifact
    from components.drift_validator.executor import Executor

    def run(rows, champion=None, action="stop"):
        examples = artifact(standard_artifacts.Examples, tmp_path / "examples")
        splits = sorted({split for split, _, _ in rows}, reverse=True)
        examples.split_names = artifact_utils.encode_split_names(splits)
        examples.span = 4
        examples.set_string_custom_property("input_fingerprint", "5f")
        examples.set_string_custom_property("tokenizer", "words")
        for split in splits:
            folder = tmp_path / "examples" / f"Split-{split}"
            folder.mkdir(exist_ok=True)
            with tf.io.TFRecordWriter(str(folder / "data.gz"), "GZIP") as writer:
                for where, span, (sentence, tags) in rows:
                    if where == split:
                        writer.write(example(sentence, tags, f"{span}train.conll", genre="news"))
        schema = artifact(standard_artifacts.Schema, tmp_path / "schema")
        (tmp_path / "schema" / "schema.pbtxt").write_text('feature { name: "sentence" type: BYTES }')
        earlier = artifact(standard_artifacts.Model, tmp_path / "champion")
        earlier.set_int_custom_property("present", int(champion is not None))
        if champion is not None:
            (tmp_path / "champion" / "trained").mkdir(exist_ok=True)
            (tmp_path / "champion" / "trained" / FILE_NAME).write_text(champion)
        output = artifact(DataProfileArtifact, tmp_path / "profile")
        settings = {"settings": DriftSettings(action=action, **LIMITS).model_dump_json()}
        inputs = {"examples": [examples], "schema": [schema], "champion": [earlier]}
        beam = ["--sdk_container_image=none"]  # keeps TFX from packaging itself, which takes seconds
        context = BaseBeamExecutor.Context(beam_pipeline_args=beam, tmp_dir=str(tmp_path), unique_id="1")
        Executor(context).Do(inputs, {"profile": [output]}, settings)
        return output

    return run


def of(span, sentence, train=8, held_out=2):
    return [("train", span, sentence)] * train + [("eval", span, sentence)] * held_out


def test_first_run_profiles_without_comparison(validate, tmp_path):
    output = validate(of("", PEOPLE) + of("", PLACES))
    profile = DataProfile.read(tmp_path / "profile")
    assert profile.sentences == 20
    assert profile.labels == {"PER": 10, "LOC": 10}
    assert profile.words["paris"] == 8
    assert profile.held_out_words["paris"] == 2
    assert profile.columns == {"genre": {"news": 20}}
    report = json.loads((tmp_path / "profile" / "drift.json").read_text())
    assert (report["drifts"], report["not_measured"]) == ([], "there is no champion")
    assert output.get_int_custom_property("drifted") == 0
    assert sorted(path.name for path in (tmp_path / "profile").iterdir()) == [FILE_NAME, "drift.json", "lineage.json"]


def test_lineage_of_the_data_is_written_for_the_registry(validate, tmp_path):
    validate(of("", PEOPLE))
    assert json.loads((tmp_path / "profile" / "lineage.json").read_text()) == {
        "data.span": "4",
        "data.tokenizer": "words",
        "data.split_names": '["train", "eval"]',
        "data.input_fingerprint": "5f",
        "schema_hash": tree_hash(tmp_path / "schema"),
    }


def test_similar_data_passes(validate, tmp_path):
    validate(of("", PEOPLE) + of("", PLACES))
    champion = (tmp_path / "profile" / FILE_NAME).read_text()
    validate(of("", PEOPLE) + of("", PLACES), champion)
    report = json.loads((tmp_path / "profile" / "drift.json").read_text())
    assert [drift["what"] for drift in report["drifts"]] == [
        "entity types", "sentence length", "genre", "unknown words",
    ]  # fmt: skip
    assert not report["drifted"]


def test_only_the_newest_span_is_compared_and_its_drift_stops_the_run(validate, tmp_path):
    validate(of("span-9/", PEOPLE, 80, 20))
    champion = (tmp_path / "profile" / FILE_NAME).read_text()
    rows = of("span-9/", PEOPLE, 80, 20) + of("span-10/", PLACES)  # only one sentence in ten of the window changed
    with pytest.raises(DriftError, match=r"(?s)span-10: differs.*LOC: 0.0 % to 100.0 %.*drift.action=warn"):
        validate(rows, champion)
    assert json.loads((tmp_path / "profile" / "drift.json").read_text())["drifted"]
    assert DataProfile.read(tmp_path / "profile").sentences == 110  # the profile covers the whole window


@pytest.mark.parametrize(("action", "drifted"), [("warn", 1), ("ignore", 0)])
def test_action_decides_whether_drift_stops(validate, tmp_path, action, drifted):
    validate(of("", PEOPLE))
    champion = (tmp_path / "profile" / FILE_NAME).read_text()
    output = validate(of("", PLACES), champion, action)
    assert output.get_int_custom_property("drifted") == drifted
    reason = json.loads((tmp_path / "profile" / "drift.json").read_text())["not_measured"]
    assert reason == ("" if drifted else "drift.action is ignore")


def test_few_sentences_never_stop_a_run(validate, tmp_path):
    validate(of("", PEOPLE))
    champion = (tmp_path / "profile" / FILE_NAME).read_text()
    output = validate(of("", PLACES, 3, 1), champion)
    assert output.get_int_custom_property("drifted") == 0


def test_champion_without_readable_profile_is_not_compared(validate, tmp_path):
    output = validate(of("", PLACES), "{}")
    assert output.get_int_custom_property("drifted") == 0
    report = json.loads((tmp_path / "profile" / "drift.json").read_text())
    assert report["not_measured"] == "the champion has no data profile"
