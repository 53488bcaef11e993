"""Exported models behind the interface of the other systems."""

from __future__ import annotations

from support.lazy import LazyModule

taggers = LazyModule("benchmarks.ours.taggers")


def test_a_word_gets_the_tag_of_its_first_token():
    from components.serving.saved_model_tagger import TaggedSentence

    for tokens, starts, tags, expected in (
        (("Ada", "went"), (0, 4), ("B-PER", "O"), ["B-PER", "O"]),
        (("Delhi", ".", "No"), (0, 5, 7), ("B-LOC", "O", "O"), ["B-LOC", "O"]),
        ((), (), (), []),
    ):
        ends = tuple(start + len(token) for start, token in zip(starts, tokens, strict=True))
        tagged = TaggedSentence("", tokens, tags, (1.0,) * len(tokens), starts, ends)
        assert taggers.first_tags(tagged) == expected


def test_saving_copies_the_model(tmp_path):
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "saved_model.pb").write_bytes(b"x")
    target = tmp_path / "target"
    target.mkdir()
    taggers.OurTagger(tmp_path / "exported").save(target)
    assert (target / "saved_model.pb").read_bytes() == b"x"
