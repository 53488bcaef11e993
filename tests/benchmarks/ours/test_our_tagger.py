from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ours.our_tagger import OurTagger, first_pieces
from components.serving.saved_model_tagger import TaggedSentence


@pytest.mark.parametrize(
    ("tokens", "starts", "tags", "expected"),
    [
        (("Ada", "went"), (0, 4), ("B-PER", "O"), ["B-PER", "O"]),
        (("Delhi", ".", "No"), (0, 5, 7), ("B-LOC", "O", "O"), ["B-LOC", "O"]),
        ((), (), (), []),
    ],
)
def test_a_piece_gets_the_tag_of_its_first_token(tokens, starts, tags, expected):
    ends = tuple(start + len(token) for start, token in zip(starts, tokens, strict=True))
    tagged = TaggedSentence("", tokens, tags, (1.0,) * len(tokens), starts, ends)
    assert first_pieces(tagged) == expected


def test_a_model_is_saved_as_it_is(tmp_path):
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "saved_model.pb").write_bytes(b"x")
    target = tmp_path / "target"
    target.mkdir()
    OurTagger(Path(tmp_path / "exported")).save(target)
    assert (target / "saved_model.pb").read_bytes() == b"x"
