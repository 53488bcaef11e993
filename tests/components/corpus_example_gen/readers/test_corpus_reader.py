"""Whole files: detection of the format, irregularities of published files, keys, unreadable files."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen import digest_map, file_content
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.file_content import FileContent
from components.corpus_example_gen.readers import column_roles, corpus_text
from components.corpus_example_gen.readers.corpus_reader import find_format, read_corpus_file
from components.corpus_example_gen.readers.corpus_text import CorpusText


def read(data, name="a.conll", **changes):
    report = IngestReport()
    sentences = list(read_corpus_file(name, corpus_settings(**changes), report, data))
    return [rows(s) for s in sentences], report


def rows(sentence):
    return " ".join(f"{token}/{tag}" for token, tag in zip(sentence.tokens, sentence.tags, strict=True))


# Byte patterns of published files, with other words.
QUIRKS = {
    "trailing space": (b"x\tO\n\xf0\x9f\x98\xb3 \tO\n\nWhy\tO\n", ["x/O 😳/O", "Why/O"], {"stripped_token": 2 - 1}),
    "empty token is a sentence": (
        b'"\tO\n!\tO\n\n\tO\n\n\tO\nke s\tO\n \tO\nh\tO\n\nRT\tO\n@\tB-PER\n',
        ['"/O !/O', "ke/O s/O h/O", "RT/O @/B-PER"],
        {"empty_token": 3, "empty_sentence": 1, "split_token": 1},
    ),
    "replacement character": (b"\xef\xbf\xbds\tO\n", ["\ufffds/O"], {}),
    "space line, empty token": (
        b"M\tB-LOC\n,\tI-LOC\nF\tI-LOC\n \n\tO\nx\tO\n\nI\tO\n",
        ["M/B-LOC ,/I-LOC F/I-LOC x/O", "I/O"],
        {"space_row": 1, "empty_token": 1},
    ),
    "two-column document mark": (b"-DOCSTART-\tO\n\nThe\tB-PRO\nG\tI-PRO\n", ["The/B-PRO G/I-PRO"], {}),
    "3 and 5 columns": (
        b"# newdoc id = w\n# sent_id = w-1\n# text = A-B : c.\n1\tA\tB-ORG\t-\ts\n2\t-\tI-ORG\t-\ts\n3\t:\tO\n"
        b"4\tc\tB-OTH\t-\ts\n5\t.\tB-O\t-\ts\n\n# sent_id = w-2\n",
        ["A/B-ORG -/I-ORG :/O c/B-OTH ./O"],
        {"outside_prefix": 1},
    ),
    "nested layer, I- that continues nothing": (
        b"26\tx\tO\tO#O\ts\n\n1\tA\tB-PER\tB-PER#O\ts\n2\tB\tI-PER\tI-PER#O\ts\n3\tI\tB-LOC\tB-LOC#O\ts\n"
        b"4\tP\tI-PER\tI-PER#O\ts\n5\t.\tO\tO#O\ts\n",
        ["x/O", "A/B-PER B/I-PER I/B-LOC P/B-PER ./O"],
        {"inside_begins": 1},
    ),
    "OTH then I-PER": (
        b"8\tF\tB-OTH\tB-PER\t-\n9\tP\tI-PER\tI-PER\t-\n10\tB\tI-PER\tI-PER\t-\n11\tx\tO\tO\t-\n",
        ["F/B-OTH P/B-PER B/I-PER x/O"],
        {"inside_begins": 1},
    ),
    "space in token": (b"20\tt ex\tO\t-\t-\n21\tde\tO\t-\t-\n", ["t/O ex/O de/O"], {"split_token": 1}),
    "IO only, mark at the end": (
        b"010 I-MISC\nis O\nJ I-MISC\nP O\n. O\n\nThis O\nO I-MISC\n010 I-MISC\n. O\n\n-DOCSTART- O\n",
        ["010/B-MISC is/O J/B-MISC P/O ./O", "This/O O/B-MISC 010/I-MISC ./O"],
        {},
    ),
    "byte order mark in token": (
        b"poem\tO\nDu\xef\xbb\xbf\tB-person\n\nx\tO\n",
        ["poem/O Du\ufeff/B-person", "x/O"],
        {},
    ),
    "several annotators": (
        b"a\tB-location\ns\tI-location\nin\tO\nG\tB-corporation,B-person,B-location\ns\tI-location\n",
        ["a/B-location s/I-location in/O G/B-location s/I-location"],
        {"several_tags": 1},
    ),
    "lone tab, hash tokens": (
        b"x\tO\n.\tO\n\t\nA\tB-group\n#photography\tO\n\t\ny\tO\n",
        ["x/O ./O", "A/B-group #photography/O", "y/O"],
        {},
    ),
    "zero width space in token": (b"watched\xe2\x80\x8bwas\tO\nN\tB-person\n", ["watched\u200bwas/O N/B-person"], {}),
}


@pytest.mark.parametrize(("data", "expected", "repairs"), QUIRKS.values(), ids=QUIRKS)
def test_irregularities_of_published_files_also_with_crlf_bom_and_gzip(data, expected, repairs):
    compressed = gzip.compress(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    for content, name in ((data, "a.conll"), (compressed, "a.conll.gz")):
        sentences, report = read(content, name)
        assert (sentences, report.repairs) == (expected, repairs)


# (sentences out, tokens in and out, entities out, repairs, the last entity-bearing or only sentence's telling part)
REAL = {
    "btc_emoji_trailing_space.conll": (2, 10, 10, {}, {"stripped_token": 2}, "😳/O 😳/O ”/O"),
    "btc_empty_token_sentence_misaligned.conll": (
        3, 18, 19, {"PER": 1}, {"empty_sentence": 1, "empty_token": 3, "split_token": 4}, "ke/O s/O re/O y/O u/O R/O",
    ),
    "btc_replacement_char.conll": (1, 9, 9, {}, {}, "\ufffds/O"),
    "btc_space_line_and_empty_token.conll": (
        2, 9, 8, {"LOC": 1}, {"space_row": 1, "empty_token": 1}, "France/I-LOC 🇫🇷/O tps://t.co/PSleTSIEmD/O",
    ),
    "turku_docstart_two_columns.tsv": (2, 9, 9, {"ORG": 2, "PRO": 1}, {}, "The/B-PRO Garden/I-PRO Collection/I-PRO"),
    "uner_3_and_5_columns_B-O_OTH.iob2": (
        1, 29, 29, {"LOC": 1, "ORG": 1, "OTH": 2, "PER": 1}, {"outside_prefix": 1}, "Syrian/B-OTH border/O ./O",
    ),
    "uner_da_nested_and_invalid_I.iob2": (
        2, 23, 23, {"LOC": 2, "PER": 2}, {"inside_begins": 1}, "Israels/B-LOC Plads/B-PER i/O København/B-LOC",
    ),
    "uner_hr_OTH_then_I-PER.iob2": (
        1, 17, 17, {"OTH": 2, "PER": 2}, {"inside_begins": 1}, "Francuza/B-OTH Pierricka/B-PER Bourgeata/I-PER",
    ),
    "uner_space_in_token.iob2": (2, 28, 29, {}, {"split_token": 1}, ",/O t/O ex/O på/O"),
    "wikigold_IO_only_docstart_at_end.txt": (
        2, 38, 38, {"MISC": 5, "ORG": 1}, {}, "The/B-ORG Mad/I-ORG Capsule/I-ORG Markets/I-ORG",
    ),
    "wnut_bom_inside_token.conll": (3, 13, 13, {"person": 1}, {}, "Dubbz\ufeff/B-person"),
    "wnut_multi_annotator_tags.conll": (
        2, 11, 11, {"location": 2}, {"several_tags": 1}, "Gurez/B-location sector/I-location",
    ),
    "wnut_tab_only_separator_and_hash_tokens.conll": (
        4, 36, 36, {"corporation": 1, "group": 1}, {}, "http://bit.ly/bgCyZ0/O #photography/O",
    ),
    "wnut_zero_width_space_in_token.conll": (1, 13, 13, {"location": 1, "person": 2}, {}, "watched\u200bwas/O"),
}  # fmt: skip


@pytest.mark.corpora
def test_real_irregularities_have_their_documented_outcome(shared_data):
    for name, (sentences, tokens_in, tokens_out, entities, repairs, part) in REAL.items():
        report = IngestReport()
        listed = [rows(s) for s in read_corpus_file(str(shared_data / "quirks" / name), corpus_settings(), report)]
        assert len(listed) == report.sentences_out == sentences, name
        assert (report.tokens_in, report.tokens_out) == (tokens_in, tokens_out), name
        assert +report.entities_out == entities, name
        assert report.repairs == repairs, name
        assert any(part in row for row in listed), name


@pytest.mark.corpora
def test_real_one_column_file(shared_data):
    path = str(shared_data / "quirks" / "wnut_unlabelled_one_column.txt")
    with pytest.raises(CorpusError, match=r"one_column\.txt:1: found one column \('&'\) and no tags\. Write token"):
        list(read_corpus_file(path, corpus_settings()))


@pytest.mark.corpora
def test_every_real_irregularity_is_tested(shared_data):
    assert {*os.listdir(shared_data / "quirks")} == {*REAL, "wnut_unlabelled_one_column.txt"}


@pytest.mark.corpora
def test_real_oth_is_dropped(shared_data):
    path = str(shared_data / "quirks" / "uner_hr_OTH_then_I-PER.iob2")
    (sentence,) = read_corpus_file(path, corpus_settings(drop_types=("OTH",)))
    assert "Austrijanca/O Romeda/B-PER Baumanna/I-PER" in rows(sentence)
    assert "Francuza/O Pierricka/B-PER Bourgeata/I-PER" in rows(sentence)


@pytest.mark.corpora
def test_real_corpora_read_without_repairs(shared_data):
    for name, counts in {"wnut17": (1287, 23394, 1079), "uner_da_ddt": (565, 10023, 447)}.items():
        report = IngestReport()
        for _ in read_corpus_file(str(shared_data / name / "test.conll"), corpus_settings(), report):
            pass
        assert (report.sentences_out, report.tokens_out, report.entities_out.total()) == counts
        assert report.repairs == {}


def test_format_is_detected():
    for name, text, changes, expected in [
        ("a.jsonl", "", {}, "json"),
        ("a.json.gz", "", {}, "json"),
        ("a.txt", '\n{"text": "a", "entities": []}\n', {}, "json"),
        ("a.txt", "{\tO\n}\tO\n", {}, "columns"),
        ("a.conll", "{ O\n", {}, "columns"),
        ("a.conll", "a b\tO O\n", {}, "tsv"),
        ("a.tsv", "a\tO\n", {}, "columns"),
        ("a.tsv", "a\tO\n", {"format": "tsv"}, "tsv"),
        ("a.jsonl", "a\tO\n", {"format": "columns"}, "columns"),
    ]:
        content = CorpusText(name, FileContent([text.encode()]))
        assert find_format(name, content, corpus_settings(**changes)) == expected


WORDS = ("harbour", "northern", "waited", "uncertainty", "boat") * 6
ROWS = {
    "a.conll.gz": "# id = s{number}\n{number} Ida I-PER\n" + "".join(f"{{number}} {word} O\n" for word in WORDS) + "\n",
    "a.tsv": " ".join(f"{word}{{number}}" for word in WORDS) + "\t" + " ".join("O" for _ in WORDS) + "\n",
    "a.jsonl": '{{"id": "s{number}", "text": "' + " ".join(WORDS) + ' {number}", "entities": []}}\n',
}


@pytest.mark.parametrize("name", ROWS)
def test_memory_does_not_grow_with_the_sentences_of_a_file(monkeypatch, tmp_path, name):
    for module, size in ((file_content, "_IN_MEMORY"), (file_content, "CHUNK"), (corpus_text, "_HEAD")):
        monkeypatch.setattr(module, size, 5000)
    monkeypatch.setattr(digest_map, "_MOST_RECENT", 20)
    monkeypatch.setattr(column_roles, "_MOST_SEEN", 20)
    monkeypatch.setattr(column_roles, "_MOST_CLASSES", 5)

    def peak(sentences):
        path = tmp_path / f"{sentences}.{name}"
        with (gzip.open if name.endswith(".gz") else open)(path, "wt", encoding="utf-8") as file:
            file.writelines(ROWS[name].format(number=number) for number in range(sentences))
        tracemalloc.start()
        assert sum(1 for _ in read_corpus_file(str(path), corpus_settings(max_compression_ratio=1e9))) == sentences
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(400)  # fills the caches of modules, with the same words
    assert peak(400) - peak(200) < 200 * 125  # bytes; the file has more than 250 for each of the further sentences


def test_documents_are_told_from_json_lines_by_their_first_lines(monkeypatch):
    records = [{"text": "Ida left", "entities": [[0, 3, "PER"]]}, {"text": "Bo {stayed", "entities": []}]
    expected = read(b"".join(json.dumps(record).encode() + b"\n" for record in records), "a.txt")[0]
    assert expected == ["Ida/B-PER left/O", "Bo/O {/O stayed/O"]
    monkeypatch.setattr(corpus_text, "_HEAD", 1)
    for document in (records, {"data": records}):
        for indent in (None, 1):
            data = json.dumps(document, indent=indent).encode()
            for before, after in ((b"", b""), (b"\n\n", b"\n \n")):
                assert read(before + data + after, "a.txt")[0] == expected
    assert read(b"[ O\nIda B-PER\n", "a.txt")[0] == ["[/O Ida/B-PER"]


def test_file_without_a_sentence_is_an_error():
    empty = [b"", b"\n\n", b"\xef\xbb\xbf"]
    for name, contents in {
        "a.jsonl": empty,
        "a.conll": [*empty, b"# only = comments\n\n", b"-DOCSTART-\tO\n\n"],
    }.items():
        for data in contents:
            with pytest.raises(CorpusError, match=rf"{name}: has no sentence\. Add labelled sentences"):
                read(data, name)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "has no sentence"),
        (
            b"\x80\x81\xff\0\x01",
            "0x80, which is not UTF-8, at byte offset 0. Corpora are UTF-8 text. The file is binary",
        ),
        (b"a\nb\n", "found one column"),
    ],
)
def test_unreadable_file_is_skipped_whole_counted_and_listed(data, problem):
    sentences, report = read(data, on_error="skip")
    assert sentences == []
    assert (report.files, report.files_skipped) == (["a.conll"], 1)
    assert problem in report.skipped[0]


def test_binary_data_is_never_accepted():
    for seed in range(5):
        data = bytes((i * 7919 + seed * 104729) % 256 for i in range(4096))
        with pytest.raises(CorpusError, match=r"a\.conll:\d+: found .* at byte offset \d+\. Corpora are"):
            read(data)


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"no\.conll: cannot read the file \(No such file or directory\)"):
        list(read_corpus_file(str(tmp_path / "no.conll"), corpus_settings()))


TWICE = b"# id = s1\na O\n\n# id = s2\nb O\n\n# id = s1\nc O\n"


def test_repeated_id_is_an_error_that_names_both_lines():
    with pytest.raises(CorpusError, match=r"a\.conll:8: found id 's1', which the sentence at line 2 has\. Give each"):
        read(TWICE)


def test_repeated_id_skips_the_second_sentence():
    sentences, report = read(TWICE, on_error="skip")
    assert sentences == ["a/O", "b/O"]
    assert report.sentences_skipped == 1


def test_repeated_id_in_json_lines():
    record = b'{"id": "x", "text": "a", "entities": []}\n'
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: found id 'x', which the sentence at line 1 has"):
        read(record * 2, "a.jsonl")


def test_reading_is_lazy_and_the_report_complete_at_the_end():
    report = IngestReport()
    sentences = read_corpus_file("a.conll", corpus_settings(), report, b"a O\n\nb O\n")
    next(sentences)
    assert report.sentences_out == 1
    assert len(list(sentences)) == 1
    assert report.sentences_out == 2


def test_web_anno_tsv_is_refused_by_name_with_formats_that_are_read():
    text = "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.NamedEntity|value\n\n#Text=Oslo\n1-1\t0-4\tOslo\tLOC[1]\t\n"
    with pytest.raises(CorpusError, match=r"a\.tsv:1: found WebAnno TSV .*Export the document as CoNLL 2002"):
        list(read_corpus_file("a.tsv", corpus_settings(), data=text.encode()))
    for rows in ("1-1\t0-4\tOslo\tLOC\t\n1-2\t5-7\tis\t_\t\n", "1-1\tOslo\tB-LOC\t\n1-2\tis\tO\t\n"):
        with pytest.raises(CorpusError, match=r"a\.tsv:1: found WebAnno TSV"):
            list(read_corpus_file("a.tsv", corpus_settings(), data=f"#Text=Oslo is\n{rows}".encode()))
    scores = b"1-1\tO\n1-2\tO\nOslo\tB-LOC\n"
    assert len(list(read_corpus_file("a.tsv", corpus_settings(), data=scores))) == 1
    with pytest.raises(CorpusError, match=r"a\.txt:1: found PubTator"):
        list(read_corpus_file("a.txt", corpus_settings(), data=b"1|t|Ida left\n1|a|In Oslo\n1\t0\t3\tIda\tPER\n"))
