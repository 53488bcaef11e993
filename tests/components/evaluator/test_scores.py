"""The scores file."""

from __future__ import annotations

import subprocess
import sys

import pytest

from components.evaluator.errors import EvaluationError
from components.evaluator.scores import FILE_NAME, read_scores, write_scores


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    scores = {"overall": {"entity_f1": 0.1 + 0.2}, "slices": {"source=é": {}}, "blessed": True, "failures": []}
    write_scores(str(tmp_path), scores)
    assert read_scores(str(tmp_path)) == scores
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), ("{", "is no JSON"), ("[]", "holds a list")])
def test_file_that_cannot_be_read_is_named(tmp_path, text, words):
    if text is not None:
        (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(EvaluationError, match=words) as raised:
        read_scores(str(tmp_path))
    assert str(tmp_path / FILE_NAME) in str(raised.value)


def test_reading_imports_neither_tensorflow_nor_tfx():
    code = "import sys, components.evaluator.scores; print([m for m in ('tensorflow', 'tfx') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
