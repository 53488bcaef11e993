"""The data of a run."""

from __future__ import annotations

import json

from components.reporter.data_summary import DataSummary
from components.reporter.split_summary import SplitSummary


def test_types_are_ordered_by_their_number_in_all_splits():
    data = DataSummary((SplitSummary("train", 1, 9, {"A": 3, "B": 3}), SplitSummary("test", 1, 9, {"C": 5, "B": 1})))
    assert data.types == ("C", "B", "A")


def test_a_split_is_found_by_name(facts):
    assert facts.data.split("test").sentences == 1287
    assert facts.data.split("other") is None


def test_the_data_survives_json(facts):
    assert DataSummary.from_dict(json.loads(json.dumps(facts.data.to_dict()))) == facts.data
