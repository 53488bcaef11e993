"""Choices of one run that are not part of the configuration."""

from __future__ import annotations

import dataclasses

from components.registry.names import CHAMPION


@dataclasses.dataclass(frozen=True)
class RunRequest:
    """Request for one run.

    Attributes:
        baseline: version of the registered model to compare with: a number, `none`, or `champion` (the champion at the
            time that ChampionSource runs).
        baseline_content: hashes of that version's files, which tell versions of different registries apart.
        warm_start: whether the training starts from the weights of that version, if there is one.
        force_bless: reason to bless the model regardless of its scores; empty lets the rules decide.

    Example:
        >>> RunRequest(warm_start=True)
        RunRequest(baseline='champion', baseline_content='', warm_start=True, force_bless='')
    """

    baseline: str = CHAMPION
    baseline_content: str = ""
    warm_start: bool = False
    force_bless: str = ""
