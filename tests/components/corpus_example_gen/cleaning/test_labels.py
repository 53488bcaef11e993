"""Labels: spellings of tags, bare types, outside labels."""

from __future__ import annotations

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file


def read(labels, data=None, **changes):
    """Reads one sentence of the labels; returns its tags."""
    text = "".join(f"w{i}\t{label}\n" for i, label in enumerate(labels.split(" ")))
    report = IngestReport()
    (sentence,) = read_corpus_file("a.tsv", corpus_settings(**changes), report, data or text.encode())
    return " ".join(sentence.tags), report


SPELLINGS = {
    "B_PER I_PER O": "B-PER I-PER O",
    "b-per i-per o": "B-per I-per O",
    "b_PER i_PER O": "B-PER I-PER O",
    "PER-B PER-I O": "B-PER I-PER O",
    "PER_B PER_I O": "B-PER I-PER O",
    "per-b per-i o": "B-per I-per O",
    "B.PER I.PER O": "B-PER I-PER O",
    "B:PER I:PER O": "B-PER I-PER O",
    "B/PER I/PER O": "B-PER I-PER O",
    "B|PER I|PER O": "B-PER I-PER O",
    "B_creative_work I_creative_work O": "B-creative_work I-creative_work O",
    "B_PER E_PER S_LOC": "B-PER I-PER B-LOC",
    "B_PER L_PER U_LOC OUT": "B-PER I-PER B-LOC OUT",
    "O B I I O B": "O B-ENTITY I-ENTITY I-ENTITY O B-ENTITY",
    "o b i b": "O B-ENTITY I-ENTITY B-ENTITY",
    "B E S O": "B-ENTITY I-ENTITY B-ENTITY O",
    "B M E W O": "B-ENTITY I-ENTITY I-ENTITY B-ENTITY O",
    "I_PER I_PER O": "B-PER I-PER O",
}


@pytest.mark.parametrize(("labels", "tags"), SPELLINGS.items())
def test_tags_in_another_spelling_are_read_and_told(labels, tags):
    read_tags, report = read(labels)
    assert read_tags == tags
    (note,) = report.notes
    assert note.startswith("a.tsv: read tags such as '")
    assert report.repairs == {}


@pytest.mark.parametrize(
    "labels", [*SPELLINGS, "S-PER E-LOC O", "B-PER I-PER O", "S O", "L M", "PER I_PER O", "B_X I_X Y O"]
)
def test_scheme_io_refuses_tags_with_prefixes_in_every_spelling(labels):
    for on_error in ("fail", "skip"):
        with pytest.raises(CorpusError, match=r"a\.tsv:\d: .* prefix.*under scheme io\. Set corpus\.scheme to auto"):
            read(labels, scheme="io", on_error=on_error)


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        ("PERSON PERSON O", "B-PERSON I-PERSON O"),
        ("E-mail O", "B-E-mail O"),
        ("vitamin_B LOC O", "B-vitamin_B B-LOC O"),
        ("T_cell B_cell O", "B-T_cell B-B_cell O"),
        ("other Other O", "B-other B-Other O"),
    ],
)
def test_bare_types_that_look_a_little_like_tags_stay_types(labels, tags):
    assert read(labels, scheme="io")[0] == tags


@pytest.mark.parametrize("outside", ["_", "0", "Other", "none", "-", "NONE", "", "o", "null", "*", "N/A", "nix"])
def test_label_that_stands_for_outside_needs_the_setting(outside):
    labels = f"PER PER {outside} {outside} {outside} LOC"
    with pytest.raises(CorpusError) as caught:
        read(labels, scheme="io")
    assert caught.value.line == 3
    assert f"set corpus.outside to {outside!r}" in caught.value.fix
    tags, _ = read(labels, scheme="io", outside=outside)
    assert tags == "B-PER I-PER O O O B-LOC"


def test_label_that_stands_for_outside_is_refused_next_to_o():
    for label in ("_", "0", "-", "none", "o"):
        with pytest.raises(CorpusReadingError, match="looks like the label of the tokens outside"):
            read(f"PER O {label}", scheme="io")


def test_tags_with_another_outside_label_need_the_setting():
    with pytest.raises(CorpusError, match=r"a\.tsv:2: found '_'.* set corpus\.outside to '_'"):
        read("B-PER _ _")
    assert read("B-PER _ _", outside="_")[0] == "B-PER O O"
    assert read("B-PER 0 O", outside=0)[0] == "B-PER O O"


@pytest.mark.parametrize(
    ("labels", "advised", "not_advised"),
    [
        ("PERSON O LOC", "corpus.scheme", "corpus.outside"),
        ("NN VB DT", "corpus.tag_column", "corpus.scheme"),
        ("B-PER O PERSON", "Correct the label", "corpus.scheme"),
        ("B-PER O _", "Correct the label", "corpus.outside"),
        ("PERSON _ _", "corpus.outside", "nothing else"),
        ("S O", "Correct the label", "corpus.scheme"),
        ("B-PER O ", "Correct the label", "corpus.outside"),
    ],
)
def test_error_advises_a_setting_only_if_the_whole_file_supports_it(labels, advised, not_advised):
    with pytest.raises(CorpusError) as caught:
        read(labels)
    assert advised in caught.value.fix
    assert not_advised not in caught.value.fix


def test_few_other_labels_do_not_change_the_spelling_and_are_errors():
    many = " ".join(["B_PER I_PER O"] * 40)
    with pytest.raises(CorpusError, match=r"a\.tsv:121: found 'PER', expected"):
        read(f"{many} PER")
    with pytest.raises(CorpusError, match=r"a\.tsv:121: found 'B_PER', expected"):
        read(f"{many.replace('_', '-')} B_PER")


@pytest.mark.parametrize("label", ["B-X\x07", "B-X\x00Y", "B-X\u200b", "B-\x9fX", "B-X\ufeff"])
def test_label_with_an_invisible_character_is_an_error_of_one_sentence(label):
    text = f"a\tB-X\n\nb\t{label}\n\nc\tO\n".encode()
    with pytest.raises(CorpusError, match=r"a\.tsv:3: found "):
        list(read_corpus_file("a.tsv", corpus_settings(), data=text))
    report = IngestReport()
    kept = list(read_corpus_file("a.tsv", corpus_settings(on_error="skip"), report, text))
    assert [s.tokens for s in kept] == [("a",), ("c",)]
    assert report.sentences_skipped == 1


def spans(*labels):
    entities = ", ".join(f'[{2 * i}, {2 * i + 1}, "{label}"]' for i, label in enumerate(labels))
    return f'{{"text": "{" ".join("a" * len(labels))}", "entities": [{entities}]}}\n'.encode()


@pytest.mark.parametrize(
    "labels", [["B-PER"], ["I-PER", "LOC"], ["B_PER", "I_PER"], ["b-per", "i-per"], ["PER-B", "PER-I"], ["B", "I"]]
)
def test_types_of_json_lines_have_no_prefix(labels):
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found the type '.*', which has a tag's prefix"):
        list(read_corpus_file("a.jsonl", corpus_settings(), data=spans(*labels)))


@pytest.mark.parametrize("labels", [["PER", "LOC"], ["E-mail"], ["E-mail", "S"], ["vitamin_B", "DNA"]])
def test_types_of_json_lines_that_look_a_little_like_tags_are_types(labels):
    (sentence,) = read_corpus_file("a.jsonl", corpus_settings(scheme="io"), data=spans(*labels))
    assert sentence.tags == tuple(f"B-{label}" for label in labels)
