"""Hyperparameter search: TFX's Tuner with our search space and training loop.

Read `tuner_fn.py` first, which TFX calls, then `search_space.py` and `tagger_tuner.py`.
"""

from __future__ import annotations

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "SearchError": "tagger_tuner",
        "TaggerTuner": "tagger_tuner",
        "TunerSettings": "settings",
    },
)
