"""The extractor that TFMA runs."""

from __future__ import annotations

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types as tfma_types

from components.evaluator.eval_config import eval_config
from components.evaluator.results.evaluation import Slice
from components.evaluator.settings import EvaluationSettings
from components.evaluator.tfma.extractor import _has_several_workers, _slice_keys, extractors


@pytest.mark.parametrize(
    ("arguments", "several"),
    [
        ([], False),
        (["--direct_num_workers=1"], False),
        (["--direct_num_workers=2"], True),
        (["--direct_num_workers=0"], True),  # as many as there are cores
        (["--runner=FlinkRunner"], True),
        (["--runner=apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner"], False),
    ],
)
def test_examples_are_shared_where_there_is_somebody_to_share_with(arguments, several):
    assert _has_several_workers(PipelineOptions(arguments)) == several


def test_slice_keys_are_tfmas():
    (overall,) = _slice_keys(Slice())
    (one,) = _slice_keys(Slice("source", "a"))
    assert (overall, one) == ((), (("source", "a"),))


@pytest.mark.parametrize("models", [1, 2])
def test_tfmas_evaluator_finds_its_stage(models):
    shared = [
        tfma_types.EvalSharedModel(model_name=name, model_loader=tfma_types.ModelLoader(lambda: None))
        for name in ("candidate", "baseline")[:models]
    ]
    (only,) = extractors(shared[0] if models == 1 else shared, eval_config(EvaluationSettings()))
    assert only.stage_name == "ExtractSliceKeys"
    assert constants.SLICE_KEY_TYPES_KEY == "_slice_key_types"
