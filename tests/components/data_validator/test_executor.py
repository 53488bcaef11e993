"""The DataValidator's executor on statistics that TensorFlow Data Validation computes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.data_validator.errors import DataAnomalyError
from components.data_validator.executor import Executor

SCHEMA = """
feature { name: "key" type: BYTES presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } } }
feature { name: "tags" type: BYTES domain: "tags" presence { min_fraction: 1 min_count: 1 } value_count { min: 1 } }
string_domain { name: "tags" value: "O" value: "B-PER" value: "I-PER" }
"""
CLEAN = {"key": ["a", "b"], "tags": ["O", "B-PER"]}


def statistics_of(columns):
    if columns is None:  # what StatisticsGen writes of a split without examples
        return statistics_pb2.DatasetFeatureStatisticsList(datasets=[statistics_pb2.DatasetFeatureStatistics()])
    return tfdv.generate_statistics_from_dataframe(pd.DataFrame(columns))


@pytest.fixture
def validate(tmp_path):
    """Runs the executor on a data set of one table a split; returns the anomalies artifact."""

    def run(splits, **properties):
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
        Executor().Do({"statistics": [statistics], "schema": [schema]}, {"anomalies": [anomalies]}, properties)
        return anomalies

    return run


def saved_anomalies(tmp_path: Path, split: str):
    return anomalies_pb2.Anomalies.FromString(
        (tmp_path / "anomalies" / f"Split-{split}" / "SchemaDiff.pb").read_bytes()
    )


def test_clean_data_passes(validate):
    anomalies = validate({"train": CLEAN, "eval": CLEAN}, required_splits='["train", "eval"]')
    assert anomalies.get_json_value_custom_property("blessed") == {"train": 1, "eval": 1}


def test_label_outside_the_schema_stops_the_run_in_tfdvs_words(validate, tmp_path):
    wrong = {"key": ["a", "b"], "tags": ["O", "B-XYZ"]}
    with pytest.raises(DataAnomalyError) as raised:
        validate({"train": CLEAN, "eval": wrong}, schema_file="schemas/schema.pbtxt")
    assert str(raised.value).splitlines() == [
        "The data is not what the schema says (1 anomaly); nothing was trained on it.",
        "  split eval, feature tags: Unexpected string values. Examples contain values missing from the schema: "
        "B-XYZ (~50%).",
        "Mend the data; or, where the data is right, change the schema, schemas/schema.pbtxt, so that it allows this.",
    ]
    assert "tags" in saved_anomalies(tmp_path, "eval").anomaly_info


def test_missing_and_unknown_features_of_every_split_are_told(validate):
    with pytest.raises(DataAnomalyError) as raised:
        validate({"train": {"key": ["a"]}, "eval": {**CLEAN, "extra": ["x", "y"]}})
    text = str(raised.value)
    assert "split train, feature tags: Column dropped. Column is completely missing" in text
    assert "split eval, feature extra: New column" in text
    assert "(2 anomalies)" in text


def test_split_without_examples_stops_the_run_though_tfx_blesses_it(validate, tmp_path):
    with pytest.raises(DataAnomalyError, match="split eval: it holds no examples"):
        validate({"train": CLEAN, "eval": None})
    assert not saved_anomalies(tmp_path, "eval").anomaly_info


def test_required_split_that_is_missing_stops_the_run(validate):
    with pytest.raises(DataAnomalyError, match="split eval: the data has none, it has train, test"):
        validate({"train": CLEAN, "test": CLEAN}, required_splits='["train", "eval"]')


def test_excluded_split_is_not_checked(validate):
    validate({"train": CLEAN, "eval": {"key": ["a"]}}, exclude_splits='["eval"]')
