"""Cost of a larger corpus."""

from __future__ import annotations

import json
import sys

import pytest
from support import processes
from support.repository import python_environment

pytestmark = pytest.mark.slow


def cost(thousands):
    command = [sys.executable, "-m", "support.cost_of_an_epoch", str(thousands)]
    result = processes.run(command, capture_output=True, env=python_environment(), check=True)
    return json.loads(result.stdout.splitlines()[-1])


def test_four_times_the_corpus_takes_four_times_the_seconds_and_no_more_memory():
    once, four_times = cost(30), cost(120)
    assert 3 < four_times["seconds"] / once["seconds"] < 5
    # The corpus itself grows by 30 MB (90,000 windows of 6.5 tokens with 13 numbers each).
    assert four_times["megabytes"] - once["megabytes"] < 15
