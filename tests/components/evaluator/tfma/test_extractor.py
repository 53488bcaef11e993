"""The TFMA extractor."""

from __future__ import annotations

import pytest
from support.evaluation import evaluator_settings
from support.lazy import LazyModule

from components.evaluator.results.evaluation import Slice

pytestmark = pytest.mark.extended

module = LazyModule("components.evaluator.tfma.extractor")


@pytest.mark.parametrize(
    ("arguments", "several"),
    [
        ([], False),
        (["--direct_num_workers=1"], False),
        (["--direct_num_workers=2"], True),
        (["--direct_num_workers=0"], True),  # all cores
        (["--runner=FlinkRunner"], True),
        (["--runner=apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner"], False),
    ],
)
def test_examples_are_distributed_to_several_workers(arguments, several):
    from apache_beam.options.pipeline_options import PipelineOptions

    assert module.has_several_workers(PipelineOptions(arguments)) == several


def test_slice_keys_have_the_form_of_tfma():
    (overall,) = module.slice_keys(Slice())
    (one,) = module.slice_keys(Slice("source", "a"))
    assert (overall, one) == ((), (("source", "a"),))


@pytest.mark.parametrize("models", [1, 2])
def test_stage_has_the_name_that_tfma_expects(models):
    from tensorflow_model_analysis import constants
    from tensorflow_model_analysis.api import types as tfma_types

    from components.evaluator.eval_config import ExtractorSettings, eval_config

    shared = [
        tfma_types.EvalSharedModel(model_name=name, model_loader=tfma_types.ModelLoader(lambda: None))
        for name in ("candidate", "baseline")[:models]
    ]
    config = eval_config(ExtractorSettings(evaluator=evaluator_settings()))
    (only,) = module.extractors(shared[0] if models == 1 else shared, config)
    assert only.stage_name == "ExtractSliceKeys"
    assert constants.SLICE_KEY_TYPES_KEY == "_slice_key_types"
