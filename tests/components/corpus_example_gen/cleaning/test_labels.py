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
    "B\N{EN DASH}PER I\N{EN DASH}PER O": "B-PER I-PER O",
    "B+PER I+PER O": "B-PER I-PER O",
    "B=PER I=PER O": "B-PER I-PER O",
    "Begin-PER Inside-PER O": "B-PER I-PER O",
    "BEGIN_PER IN_PER O": "B-PER I-PER O",
    "START-PER END-PER UNIT-LOC O": "B-PER I-PER B-LOC O",
    "BEGIN_PER INSIDE_PER END_PER SINGLE_LOC O": "B-PER I-PER I-PER B-LOC O",
    "begin inside o": "B-ENTITY I-ENTITY O",
    "\N{CYRILLIC CAPITAL LETTER VE}-PER \u0406-PER \N{CYRILLIC CAPITAL LETTER O}": "B-PER I-PER O",
    "\N{FULLWIDTH LATIN CAPITAL LETTER B}_PER I_PER O": "B-PER I-PER O",
}


@pytest.mark.parametrize(("labels", "tags"), SPELLINGS.items())
def test_tags_in_another_spelling_are_read_and_told(labels, tags):
    read_tags, report = read(labels)
    assert read_tags == tags
    (note,) = report.notes
    assert note.startswith("a.tsv: read tags such as '")
    assert report.repairs == {}


@pytest.mark.parametrize("labels", [*SPELLINGS, "S-PER E-LOC O", "B-PER I-PER O", "S O", "L M", "PER I_PER O"])
def test_scheme_io_refuses_tags_with_prefixes_in_every_spelling(labels):
    for on_error in ("fail", "skip"):
        with pytest.raises(CorpusError, match=r"a\.tsv:\d: .* prefix.*under scheme io\. Set corpus\.scheme to auto"):
            read(labels, scheme="io", on_error=on_error)


PREFIXES_IN_OTHER_PLACES = (
    *("BPER IPER O", "PERB PERI O", "B1-PER I1-PER O", "(B)PER (I)PER O", "PER[B] PER[I] O", "PER-B-1 PER-I-1 O"),
    *("ENT-B-PER ENT-I-PER O", "-B-PER -I-PER O", "'B-PER' 'I-PER' O", "B- I- O", "B_X I_X Y O", "B I X O"),
)


@pytest.mark.parametrize("labels", PREFIXES_IN_OTHER_PLACES)
@pytest.mark.parametrize("scheme", ["auto", "io"])
def test_labels_in_pairs_with_b_and_i_are_not_types_under_any_scheme(labels, scheme):
    with pytest.raises(CorpusError, match="Write the tags as B-PER and I-PER") as caught:
        read(labels, scheme=scheme)
    assert "corpus.scheme" not in caught.value.fix


@pytest.mark.parametrize(("labels", "outside"), [("1 2 0", None), ("1 2 0", "0"), ("0.98 0.7 1", None)])
@pytest.mark.parametrize("scheme", ["auto", "io"])
def test_numbers_are_not_read_as_types_and_no_error_advises_it(labels, outside, scheme):
    with pytest.raises(CorpusError, match="instead of numbers, or check the tag column") as caught:
        read(labels, scheme=scheme, outside=outside)
    assert "corpus.scheme" not in caught.value.fix


def test_labels_that_do_not_look_like_outside_are_not_advised_as_such():
    with pytest.raises(CorpusReadingError, match="the most frequent label is 'NOUN'") as caught:
        read("DET NOUN VERB NOUN", scheme="io")
    assert "NOUN" not in caught.value.fix


@pytest.mark.parametrize("first", ["", "O "])
def test_column_of_words_is_not_a_column_of_types(first):
    words = " ".join(f"v{n}" for n in range(40))
    with pytest.raises(CorpusReadingError, match=r"the file has 40 labels, and [01] of 4[01] tokens .*tag_column"):
        read(first + words, scheme="io")
    assert read(words + " O" * 10, scheme="io")[0].endswith("B-v39" + " O" * 10)


@pytest.mark.parametrize("label", ["B-PER|B-LOC", "B-PER|O", "B-PER;I-LOC", "B-PER/B-LOC", "B-PER&O"])
def test_several_tags_in_a_label_are_an_error(label):
    with pytest.raises(CorpusError, match=r"joins several tags\. Keep one tag per token"):
        read(f"{label} O")
    assert read("B-PER/LOC B-R&D B-A|C O")[0] == "B-PER/LOC B-R&D B-A|C O"


def test_a_cell_with_the_tags_of_a_sentence_is_an_error_that_says_so():
    with pytest.raises(CorpusError, match="These are the tags of a sentence"):
        read("['B-PER','O'] O B-PER")


def test_label_that_only_the_first_row_has_is_noted_under_scheme_io():
    _, report = read("Etiquette PER O PER", scheme="io")
    assert report.notes == ["a.tsv:1: read as token 'w0' with the type 'Etiquette', which no other row has"]
    assert read("PER PER O", scheme="io")[1].notes == []


def test_label_that_only_the_first_row_has_is_refused_without_a_setting():
    with pytest.raises(CorpusError, match=r"a\.tsv:1: found token 'w0' with the label 'Etiquette'.* if it is a header"):
        read("Etiquette PER O PER")


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        ("BIRD IRA PER O", "B-BIRD B-IRA B-PER O"),
        ("begin_date end_date O", "B-begin_date B-end_date O"),
        ("1 2 O", "B-1 B-2 O"),
        ("PERSON PERSON O", "B-PERSON I-PERSON O"),
        ("E-mail O", "B-E-mail O"),
        ("vitamin_B LOC O", "B-vitamin_B B-LOC O"),
        ("T_cell B_cell O", "B-T_cell B-B_cell O"),
        ("other Other O", "B-other B-Other O"),
    ],
)
def test_bare_types_that_look_a_little_like_tags_stay_types(labels, tags):
    assert read(labels, scheme="io")[0] == tags


TYPES = {
    "PERSON PERSON O": "B-PERSON I-PERSON O",
    "PERSON LOCATION O PERSON": "B-PERSON B-LOCATION O B-PERSON",
    "person-actor OUT OUT event-other": "B-person-actor OUT OUT B-event-other",
    "FIRST_NAME LAST_NAME O": "B-FIRST_NAME B-LAST_NAME O",
    "BIRD IRA PER O": "B-BIRD B-IRA B-PER O",
    "BIRD O BIRD": "B-BIRD O B-BIRD",
    "other Other O": "B-other B-Other O",
    "人名 人名 O": "B-人名 I-人名 O",
}


@pytest.mark.parametrize(("labels", "tags"), TYPES.items())
def test_file_of_types_and_o_needs_no_setting_and_a_note_says_what_merges(labels, tags):
    read_tags, report = read(labels)
    assert read_tags == tags
    assert f"a.tsv: read labels such as '{labels.split()[0]}' as types without B- and I-" in report.notes[0]
    assert report.notes[0].endswith(": adjacent entities of a type are merged")
    assert report.repairs == {}


@pytest.mark.parametrize(
    "labels",
    [
        *(
            "B LOC O",
            "S PERSON O",
            "E M O",
            "X Y O",
            "vitamin_B LOC O",
            "E-mail PERSON O",
            "BEGIN_PER O",
            "PER_INSIDE O",
        ),
        *("S_PER S_LOC O", "BPER BLOC O", "BPER ILOC O", "PER,LOC PER O", "PER|LOC O", "PER _ O", "PER o O", "PER 1 O"),
        *(
            "NNP O O",
            "PER none O",
            "PER LOC PER LOC PER O",
            " ".join(f"Q{n} O" for n in range(40)),
            "B-PER PER O",
            "PER I_PER O",
        ),
    ],
)
def test_labels_that_may_be_something_else_are_no_types_without_the_setting(labels):
    with pytest.raises(CorpusError):
        read(labels)


@pytest.mark.parametrize("outside", ["_", "0", "Other", "none", "-", "NONE", "", "o", "null", "*", "N/A"])
def test_label_that_stands_for_outside_needs_the_setting(outside):
    labels = f"PER PER {outside} {outside} {outside} LOC"
    with pytest.raises(CorpusError) as caught:
        read(labels, scheme="io")
    assert caught.value.line == 3
    assert f"set corpus.outside to {outside!r}" in caught.value.fix
    tags, _ = read(labels, scheme="io", outside=outside)
    assert tags == "B-PER I-PER O O O B-LOC"


@pytest.mark.parametrize(
    "labels",
    [
        "ART NN NE VVFIN $. O O O",
        "DT NN NNP VBZ . O O O O",
        "DET NOUN PROPN O VERB O",
        "DT NN VBZ",
        "ADP DET NOUN O PUNCT",
    ],
)
def test_parts_of_speech_are_no_types_in_a_small_file(labels):
    with pytest.raises(CorpusError, match=r"All labels are parts of speech\. Set corpus\.tag_column to"):
        read(labels)


@pytest.mark.parametrize("labels", ["NE O O NE O ART", "PER O O NE ART NN", "O NUM NUM O O PER"])
def test_types_that_some_tag_set_has_as_a_part_of_speech_are_types(labels):
    assert read(labels)[0].count("B-") == len({*labels.split()} - {"O"}) + labels.startswith("NE")
    assert read("DT NN O VBZ O", scheme="io")[0] == "B-DT B-NN O B-VBZ O"


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
        ("PERSON O B_LOC", "corpus.scheme", "corpus.outside"),
        ("PERSON LOC PERSON LOC PERSON O", "corpus.scheme", "corpus.outside"),
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


@pytest.mark.parametrize("label", ["B-X\x07", "B-X\x00Y", "B-X\u200b", "B-\x81X", "B-X\ufeff"])
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


def test_spaces_in_a_type_become_underscores_if_no_other_label_is_spelled_so():
    data = "Oslo\tB-Geo Political\nFjord\tI-Geo Political\nis\tO\n"
    tags, report = read("", data.encode())
    assert tags == "B-Geo_Political I-Geo_Political O"
    assert report.notes == [
        "a.tsv: read tags with spaces in their type such as 'B-Geo Political' as B-Geo_Political",
    ]
    for first, second in (
        ("B-Geo Political", "B-Geo_Political"),
        ("B-PER O", "I-PER O"),
        ("E-mail address", "S-mail address"),
    ):
        with pytest.raises(CorpusError, match=r"expected a tag such as B-PER|found 1 tokens and 2 tags"):
            read("", f"Oslo\t{first}\nFjord\t{second}\nis\tO\n".encode())
