"""Words of scripts without spaces cut into characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.corpus_example_gen.cleaning.characters import as_characters
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.text.tags import to_iob2
from components.text.words import character_offsets


def cut(tokens, tags, tokenizer="characters"):
    sentence = Sentence(tuple(tokens.split()), tuple(tags.split()), lines=tuple(range(1, len(tokens.split()) + 1)))
    made = as_characters(sentence, tokenizer, IngestReport())
    return " ".join(made.tokens), " ".join(made.tags), list(made.lines)


def test_labels_of_words_are_carried_to_their_characters():
    assert cut("王伟 昨天 去 Hilton 2.5 北京市 。", "B-PER O O B-LOC O B-LOC O") == (
        "王 伟 昨 天 去 Hilton 2.5 北 京 市 。",
        "B-PER I-PER O O O B-LOC O B-LOC I-LOC I-LOC O",
        [1, 1, 2, 2, 3, 4, 5, 6, 6, 6, 7],
    )
    assert cut("김민수 는 王伟", "B-PER O B-PER", "characters")[1] == "B-PER O B-PER I-PER"
    assert cut("김민수 는", "B-PER O", "syllables")[:2] == ("김 민 수 는", "B-PER I-PER I-PER O")
    assert cut("New-York left", "B-LOC O", "syllables") == ("New-York left", "B-LOC O", [1, 2])


def test_letters_join_the_character_that_they_belong_to():
    assert cut("ก า ร ไ ท ย", "O O O B-LOC I-LOC I-LOC")[:2] == ("กา ร ไท ย", "O O B-LOC I-LOC")
    assert cut("ก า ร", "O B-X I-X")[:2] == ("กา ร", "B-X I-X")  # it begins inside a character
    assert cut("ก า ร", "B-X B-Y I-Y")[:2] == ("กา ร", "B-X B-Y")


@given(st.lists(st.tuples(st.text("王ก่าเ한a1.", min_size=1, max_size=3), st.sampled_from(["O", "B-X", "I-X", "B-Y"]))))
def test_tokens_are_those_of_raw_text_and_everything_is_counted(rows):
    tokens, tags = tuple(token for token, _ in rows), tuple(to_iob2([tag for _, tag in rows]))
    report = IngestReport(tokens_in=len(rows), tokens_out=len(rows))
    for tag in tags:
        if tag[0] == "B":
            report.entities_in[tag[2:]] += 1
            report.entities_out[tag[2:]] += 1
    made = as_characters(Sentence(tokens, tags), "characters", report)
    report.check()
    assert (report.tokens_out, "".join(made.tokens)) == (len(made.tokens), "".join(tokens))
    assert list(made.tags) == to_iob2(list(made.tags))
    if made.tokens != tokens:
        assert [made.text[a:b] for a, b in character_offsets(made.text)] == list(made.tokens)
