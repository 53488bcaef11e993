"""Gazetteers: codes of tokens in and outside a saved graph, compared with a search name by name."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from components.transform import features as names
from components.transform.settings import GazetteerSettings

tf = LazyModule("tensorflow")
tft = LazyModule("tensorflow_transform")
gazetteers = LazyModule("components.transform.gazetteers")
tokenizer = LazyModule("components.text.tokenizer")

CITIES = "# from a list\n\nNew York\nYork\n  New York City \r\nCity Hall\nParis\nArea 51\n#MeToo\n"
PEOPLE = "Paris Hilton\nParis\n"
CODES = {"-": 1, "B": 2, "I": 3, "L": 4, "S": 5}


@pytest.fixture
def write(tmp_path):
    """Returns a function from the content of a file to the settings of its gazetteer."""

    def write(content, case="folded", kind="CITY", endings=()):
        path = tmp_path / f"{kind}-{case}{''.join(endings)}.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return GazetteerSettings(path=str(path), type=kind, case=case, endings=endings)

    return write


@pytest.fixture
def codes(monkeypatch):
    """Returns a function from settings and sentences to the codes by type, without a saved graph."""

    def in_memory(name, lines, with_ids, default, key_type):
        rows = [tuple(map(int, line.split("\t"))) for line in lines]
        keys, values = (tf.constant(column, tf.int64) for column in zip(*rows, strict=True))
        return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default)

    monkeypatch.setattr("components.transform.gazetteers.vocabulary_table", in_memory)

    def codes(files, sentences, kind="words"):
        tokens = tokenizer.tokenize(tf.constant(sentences), kind)
        folded = tokens.tokens.with_flat_values(tokens.characters.folded())
        made = gazetteers.Gazetteers.read(files, kind).codes(tokens, folded)
        letters = {code: letter for letter, code in CODES.items()}
        return {
            name.removeprefix(names.GAZETTEER): ["".join(letters[code] for code in row) for row in rows.to_list()]
            for name, rows in made.items()
        }

    return codes


def test_names_are_marked_by_position_type_and_case(write, codes):
    files = [write(CITIES), write(PEOPLE, "exact", "PER")]
    sentences = [
        "I saw NEW YORK City Hall, York.",
        "",
        "Paris Hilton in PARIS paris",
        "area 51 AREA 51 Area 99 #metoo x",
    ]
    assert codes(files, sentences) == {
        "CITY": ["--BILL-S-", "", "S--SS", "BLBL--S-"],
        "PER": ["-" * 9, "", "BL---", "-" * 8],
    }


def test_names_are_found_with_other_endings(write, codes):
    endings = ("a", "e", "u", "om", "oj", "ov")
    croatian = write("Zagreb\nRijeka\nCrna Gora\nAna\n", "exact", endings=endings)
    sentences = ["U Zagrebu Zagrebom Rijeku rijeku", "Crnoj Gori Crne Gore Crna", "Anu Ana Zagrebački"]
    assert codes([croatian], sentences) == {"CITY": ["-SSS-", "--BL-", "-S-"]}  # a stem has three characters
    both = [write("Москва\n", endings=("а", "е", "ой")), write("Казань\n")]
    assert codes(both, ["в МОСКВЕ Москвой Казани казань"]) == {"CITY": ["-SS-S"]}
    greek = "Γιώργος\nΑθήνα\n", ("ος", "ου", "ο", "α", "ας")
    for case, marks in (("folded", "SSSSSS-"), ("exact", "SSS-S--")):
        assert codes([write(greek[0], case, endings=greek[1])], ["Γιώργου Γιώργο Γιώργος ΓΙΏΡΓΟΣ Αθήνας αθήνας x"]) == {
            "CITY": [marks]
        }


def test_files_of_one_type_share_a_column_and_a_name_may_have_several_types(write, codes):
    files = [write("Bonn\n"), write("Rome\n", "exact"), write("Bonn\nBonn\n", kind="TEAM")]
    assert codes(files, ["BONN ROME Rome"]) == {"CITY": ["S-S"], "TEAM": ["S--"]}


def test_gzip_byte_order_marks_and_scripts_without_spaces(write, codes):
    file = write(gzip.compress("\ufeff北京\nΟδός\n".encode()))
    assert codes([file], ["在北京 ΟΔΌΣ"], "characters") == {"CITY": ["-BLS"]}


def test_codes_agree_with_a_search_name_by_name(write, codes):
    rng = random.Random(3)
    entries = {tuple(rng.choices("abc", k=rng.randint(1, 4))) for _ in range(14)}
    sentences = [rng.choices("abcd", k=rng.randint(0, 12)) for _ in range(60)]
    expected = []
    for words in sentences:
        longest = [
            max((end for end in range(begin + 1, len(words) + 1) if tuple(words[begin:end]) in entries), default=begin)
            for begin in range(len(words))
        ]
        row = ""
        for at in range(len(words)):
            begin = next((begin for begin in range(at + 1) if longest[begin] > at), None)
            last = begin is not None and longest[begin] == at + 1
            row += "-" if begin is None else ("BS" if begin == at else "IL")[last]
        expected.append(row)
    file = write("".join(" ".join(entry) + "\n" for entry in entries))
    assert {*"BILS-"} == {*"".join(expected)}
    assert codes([file], [" ".join(words) for words in sentences]) == {"CITY": expected}


def test_a_sentence_has_the_same_codes_alone_and_in_a_batch(write, codes):
    files, sentences = [write(CITIES)], ["New", "York City", "New York", "City", "Hall"]
    assert codes(files, sentences)["CITY"] == [codes(files, [one])["CITY"][0] for one in sentences]
    assert codes(files, sentences)["CITY"] == ["-", "S-", "BL", "-", "-"]


def test_errors_name_file_line_and_problem(write):
    for content, message in [
        ("Bonn\nParis\t2138551\n", r"CITY-folded\.txt:2: a tab in the name .*Keep one column"),
        (b"Z\xfcrich\n", r"CITY-folded\.txt:1: byte 0xFC in the name .* is not UTF-8"),
        (
            "Bonn\n".encode("utf-16-be"),
            r"CITY-folded\.txt:1: is UTF-16BE without a byte order mark\. Convert the file with",
        ),
        (b"Bonn\0\n", r"CITY-folded\.txt:1: a NUL byte: the file is binary, or UTF-16\. Convert it"),
        ("東京\n".encode("utf-16"), r"CITY-folded\.txt: is UTF-16\. Extract or convert it"),
        ("Bonn\n\u2003\n", r"CITY-folded\.txt:2: the line has no token\. Remove it"),
        ("# Bonn\n\n", r"CITY-folded\.txt: has no name of at most 12 tokens"),
        ("a " * 13 + "\n", r"CITY-folded\.txt: has no name of at most 12 tokens"),
    ]:
        with pytest.raises(NerError, match=message):
            gazetteers.Gazetteers.read([write(content)], "words")


def test_a_file_that_changes_during_the_run_is_an_error(write):
    file = write("Bonn\n")
    with pytest.raises(NerError, match=r"transform\.gazetteers\.0\.path: .* changed during the run"):
        gazetteers.Gazetteers.read([file], "words", ["0" * 64])


@pytest.mark.extended
def test_the_saved_graph_carries_the_names_without_the_file(transform_corpus, tmp_path):
    path = tmp_path / "cities.txt"
    path.write_text("New Delhi\nKyiv\n")
    lists = ("type: CITY", "type: EXACT, case: exact", "type: FORM, endings: [i, u]")
    made = transform_corpus([f"gazetteers=[{', '.join(f'{{path: {path}, {one}}}' for one in lists)}]"])
    path.unlink()
    output = tft.TFTransformOutput(made.graph)
    columns = names.model_features(output.transformed_feature_spec())[-3:]
    assert columns == ("gazetteer_CITY", "gazetteer_EXACT", "gazetteer_FORM")
    inflected = output.transform_features_layer()({"sentence": tf.constant([["in New Delhu"]])})
    assert [inflected[name].to_list() for name in columns] == [[[1, 1, 1]], [[1, 1, 1]], [[1, 2, 4]]]
    features = output.transform_features_layer()({"sentence": tf.constant([["Xi Jinping was in new delhi"]])})
    assert features["gazetteer_CITY"].to_list() == [[1, 1, 1, 1, 2, 4]]
    assert features["gazetteer_EXACT"].to_list() == [[1] * 6]
    table = Path(output.vocabulary_file_by_name(f"{names.GAZETTEER_TABLES}_folded")).read_text()
    assert len(table.splitlines()) == 2
    assert "Kyiv" not in table, "hashes only"


def test_hashes_never_change_because_saved_graphs_contain_them(write):
    made = gazetteers.Gazetteers.read([write("New York\nParis\n")], "words")
    assert [*made.tables.values()] == [{1798214321551932112: 1, 7666518597701273390: 1}]
