from __future__ import annotations

import io
import json
import sys

import pytest

from benchmarks.serving_worker import serve

TAGGER = """
class Echo:
    def __init__(self, folder):
        self.folder = folder
    def tag(self, sentences):
        return [["O"] * len(sentence.split()) for sentence in sentences]
    @staticmethod
    def load(folder):
        return Echo(folder)
"""


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Gives a worker commands and returns its answers."""
    (tmp_path / "echo_tagger.py").write_text(TAGGER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("echo_tagger", None)

    def answers(commands):
        out = io.StringIO()
        serve("echo_tagger:Echo", tmp_path, ["a b", "c"] * 40, io.StringIO(commands), out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return answers


def test_each_command_is_answered_with_its_figures(ask):
    ready, single, batch = ask("single\nbatch\nquit\nsingle\n")
    assert ready.keys() == {"load_cpu_seconds", "peak_rss_mb"}
    assert single["single_cpu_p50_ms"] > 0
    assert batch["batch_tokens_per_cpu_second"] > 0


def test_unknown_command_is_an_error(ask):
    with pytest.raises(ValueError, match="unknown command 'stop'"):
        ask("stop\n")
