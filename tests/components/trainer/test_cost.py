"""What a larger corpus costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from support.repository import ROOT

PROGRAM = str(ROOT / "tests" / "support" / "cost_of_an_epoch.py")


def cost(thousands):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    answer = subprocess.run(
        [sys.executable, PROGRAM, str(thousands)], stdout=subprocess.PIPE, env=environment, check=True
    )
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.slow
def test_four_times_the_corpus_takes_four_times_as_long_and_no_more_memory():
    once, four_times = cost(60), cost(240)
    assert 3 < four_times["seconds"] / once["seconds"] < 5
    # The corpus itself grows by 61 MB (180,000 windows of 6.5 tokens with 13 numbers each).
    assert four_times["megabytes"] - once["megabytes"] < 20
