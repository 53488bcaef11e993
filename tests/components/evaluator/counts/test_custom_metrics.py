"""Loading of custom metrics."""

from __future__ import annotations

import pytest
from support.custom_metric import exact_match

from components.common.errors import NerError
from components.evaluator.counts.custom_metrics import load_metrics, metrics_version


def test_functions_are_loaded_by_dotted_path():
    assert load_metrics({"mine": "support.custom_metric:exact_match"}) == {"mine": exact_match}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("no_such_package.module:metric", "no module no_such_package"),
        ("support.custom_metric:missing", "support.custom_metric has no missing"),
        ("support.custom_metric:not_a_function", "is not a function"),
    ],
)
def test_other_paths_are_refused_with_the_setting(path, problem):
    with pytest.raises(NerError, match=rf"evaluator\.metrics\.mine: .*{problem}"):
        load_metrics({"mine": path})


def test_version_depends_on_the_modules():
    assert metrics_version({}) == ""
    one, other = (metrics_version({"mine": path}) for path in ("support.custom_metric:fails", "json:dumps"))
    assert len(one) == 16
    assert one != other
