"""The DataValidator's executor on statistics of TensorFlow Data Validation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.common.errors import NerError
from components.data_validator.errors import DataAnomalyError

SCHEMA = """
feature { name: "key" type: BYTES presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } } }
feature { name: "tags" type: BYTES domain: "tags" presence { min_fraction: 1 min_count: 1 } value_count { min: 1 } }
string_domain { name: "tags" value: "O" value: "B-PER" value: "I-PER" }
"""
CLEAN = {"key": ["a", "b"], "tags": ["O", "B-PER"]}


def statistics_of(columns):
    import pandas as pd
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import statistics_pb2

    if columns is None:  # as StatisticsGen writes for a split without examples
        return statistics_pb2.DatasetFeatureStatisticsList(datasets=[statistics_pb2.DatasetFeatureStatistics()])
    return tfdv.generate_statistics_from_dataframe(pd.DataFrame(columns))


@pytest.fixture
def validate(tmp_path):
    """Function that runs the executor on one table per split and returns the anomalies artifact."""

    def run(splits, required=(), schema_file="", named=None, teacher=()):
        from tfx.types import artifact_utils, standard_artifacts

        from components.data_validator.executor import Executor

        statistics = standard_artifacts.ExampleStatistics()
        statistics.uri = str(tmp_path / "statistics")
        statistics.split_names = artifact_utils.encode_split_names(list(splits))
        for split, columns in splits.items():
            folder = tmp_path / "statistics" / f"Split-{split}"
            folder.mkdir(parents=True)
            (folder / "FeatureStats.pb").write_bytes(statistics_of(columns).SerializeToString())
        schema = standard_artifacts.Schema()
        schema.uri = str(tmp_path / "schema")
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA)
        anomalies = standard_artifacts.ExampleAnomalies()
        anomalies.uri = str(tmp_path / "anomalies")
        properties = {"exclude_splits": "[]", "required_splits": json.dumps(required), "schema_file": schema_file}
        properties |= {"named_types": json.dumps(named or {}), "teacher_tags": json.dumps(teacher)}
        Executor().Do({"statistics": [statistics], "schema": [schema]}, {"anomalies": [anomalies]}, properties)
        return anomalies

    return run


def saved_anomalies(tmp_path: Path, split: str):
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    return anomalies_pb2.Anomalies.FromString(
        (tmp_path / "anomalies" / f"Split-{split}" / "SchemaDiff.pb").read_bytes()
    )


def test_clean_data_passes(validate):
    anomalies = validate({"train": CLEAN, "eval": CLEAN}, required=["train", "eval"])
    assert anomalies.get_json_value_custom_property("blessed") == {"train": 1, "eval": 1}


def test_tag_that_is_not_in_the_schema_stops_the_run_with_tfdvs_text(validate, tmp_path):
    wrong = {"key": ["a", "b"], "tags": ["O", "B-XYZ"]}
    with pytest.raises(DataAnomalyError) as raised:
        validate({"train": CLEAN, "eval": wrong}, schema_file="schemas/schema.pbtxt")
    assert str(raised.value).splitlines() == [
        "schemas/schema.pbtxt: the data does not match the schema (1 anomaly). Nothing was trained.",
        "  split eval, feature tags: Unexpected string values. Examples contain values missing from the schema: "
        "B-XYZ (~50%).",
        "Correct the data, or change the schema if the data is right.",
    ]
    assert "tags" in saved_anomalies(tmp_path, "eval").anomaly_info


def test_missing_and_unknown_features_of_every_split_are_listed(validate):
    with pytest.raises(DataAnomalyError) as raised:
        validate({"train": {"key": ["a"]}, "eval": {**CLEAN, "extra": ["x", "y"]}})
    text = str(raised.value)
    assert "split train, feature tags: Column dropped. Column is completely missing" in text
    assert "split eval, feature extra: New column" in text
    assert "(2 anomalies)" in text


def test_split_without_examples_stops_the_run_although_tfx_blesses_it(validate, tmp_path):
    with pytest.raises(DataAnomalyError, match="split eval: has no examples"):
        validate({"train": CLEAN, "eval": None})
    assert not saved_anomalies(tmp_path, "eval").anomaly_info


def test_missing_required_split_stops_the_run(validate):
    with pytest.raises(DataAnomalyError, match="split eval: missing, the data has train, test"):
        validate({"train": CLEAN, "test": CLEAN}, required=["train", "eval"])


def test_an_entity_type_of_a_setting_must_occur_in_the_training_split(validate):
    validate({"train": CLEAN, "eval": CLEAN}, named={"exporter.min_score": ["PER"]})


@pytest.mark.parametrize("named", [["PERS"], ["PER", "PERS"]])
def test_an_unknown_entity_type_of_a_setting_stops_the_run_with_the_known_ones(validate, named):
    with pytest.raises(NerError) as raised:
        validate({"train": CLEAN, "eval": CLEAN}, named={"exporter.min_score": named})
    assert str(raised.value) == (
        "exporter.min_score: `PERS` is not a type of the training data. Use `PER`, or remove it."
    )


def test_a_teacher_with_other_entity_types_stops_the_run_before_anything_is_trained(validate):
    with pytest.raises(NerError, match=r"^trainer\.teacher: .* lacks PER and also has LOC\. Train both on the same"):
        validate({"train": CLEAN, "eval": CLEAN}, teacher=["[PAD]", "O", "B-LOC"])


def test_a_teacher_with_the_entity_types_of_the_data_passes(validate):
    validate({"train": CLEAN, "eval": CLEAN}, teacher=["[PAD]", "OUT", "B-PER", "I-PER"])
