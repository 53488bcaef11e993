"""Division of long texts, and documents that stay together."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.documents import FEWEST
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.labelled_data import LabelledData
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.text.sentences import LONG

PARTS = ["Ann Lee met Mr. Bo in New Delhi.", "“Why?” he asked.", "Nobody\nknows."]


def text_of(count, first=0):
    parts = [f"Day {first + number}: {PARTS[number % 3]}" for number in range(count)]
    text = " ".join(parts)
    at, entities = 0, []
    for name, label in (("Ann Lee", "PER"), ("New Delhi", "LOC")) * count:
        if (start := text.find(name, at)) < 0:
            break
        at = start + len(name)
        entities.append([start, at, label])
    return text, entities, parts


def read(path, **settings):
    report = IngestReport()
    sentences = list(read_corpus_file(str(path), corpus_settings(**{"sentences": "auto", **settings}), report))
    report.check()
    return sentences, report


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_long_text_becomes_sentences_with_their_text_key_and_document(tmp_path):
    text, entities, parts = text_of(30)
    short = {"text": "Ann Lee left. Bo came.", "entities": [[0, 7, "PER"]]}
    long = {"id": "d1", "text": text, "entities": entities, "meta": {"topic": "news"}}
    sentences, report = read(write(tmp_path / "a.jsonl", long, short))
    assert [sentence.raw_text for sentence in sentences] == [*parts, short["text"]]
    assert [sentence.key for sentence in sentences[:2]] == ["d1#1", "d1#2"]
    assert {sentence.document for sentence in sentences[:-1]} == {"d1"}
    assert sentences[-1].document is None
    assert all(sentence.metadata == {"topic": "news"} for sentence in sentences[:-1])
    assert (report.texts_divided, report.documents) == (1, 1)
    assert (report.sentences_in, report.sentences_added, report.sentences_out) == (2, 29, 31)
    assert report.entities_out == Counter(PER=11, LOC=10)
    assert "divided 1 text into 30 sentences" in report.summary()


def test_setting_divides_every_text_or_none(tmp_path):
    text, entities, parts = text_of(30)
    path = write(
        tmp_path / "a.jsonl", {"text": text, "entities": entities}, {"text": "Ann left. Bo came.", "entities": []}
    )
    assert len(read(path, sentences="split")[0]) == len(parts) + 2
    sentences, report = read(path, sentences="keep")
    assert [len(sentence.tokens) > LONG for sentence in sentences] == [True, False]
    assert report.texts_divided == 0


def test_text_is_never_divided_inside_an_entity(tmp_path):
    text, _, parts = text_of(30)
    start = len(parts[0]) - len("New Delhi.")
    entity = [start, len(parts[0]) + 1 + len("Day"), "WORK"]
    sentences, report = read(write(tmp_path / "a.jsonl", {"text": text, "entities": [entity]}))
    assert sentences[0].raw_text == f"{parts[0]} {parts[1]}"
    assert len(sentences) == 29
    assert report.entities_out == {"WORK": 1}


def test_columns_are_divided_on_request_only(tmp_path):
    path = tmp_path / "a.conll"
    rows = ["# sent_id = s1", "# text = Ann left. He went."]
    path.write_text("\n".join([*rows, *(f"{token}\tO" for token in ("Ann", "left", ".", "He", "went", "."))]) + "\n")
    assert [sentence.key for sentence in read(path)[0]] == ["s1"]
    sentences, _ = read(path, sentences="split")
    assert [(s.key, s.text, s.line, s.metadata) for s in sentences] == [
        ("s1#1", "Ann left .", 3, {}),
        ("s1#2", "He went .", 6, {}),
    ]


def test_generated_keys_do_not_meet_the_ids_of_the_corpus(tmp_path):
    records = [{"id": name, "text": "Ann left. Bo came.", "entities": []} for name in ("7", "7#2")]
    for order in (records, records[::-1]):
        sentences, _ = read(write(tmp_path / "a.jsonl", *order), sentences="split")
        assert len({sentence.key for sentence in sentences}) == 4


@pytest.mark.parametrize("documents", [FEWEST - 1, FEWEST])
def test_documents_stay_together_if_a_file_has_enough_of_them(tmp_path, documents):
    rows = []
    for document in range(documents):
        rows.append("-DOCSTART- -X- O O\n")
        rows += [f"Ann{document}x{number} B-PER\nleft O\n" for number in range(4)]
    path = tmp_path / "a.conll"
    path.write_text("\n".join(rows) + "\n")
    sentences, report = read(path)
    assert report.documents == documents
    assert [sentence.document for sentence in sentences[:5]] == ["1"] * 4 + ["2"]
    together = documents >= FEWEST
    assert len({sentence.division_key for sentence in sentences}) == documents * (1 if together else 4)
    assert len({s.division_key for s in read(path, documents="apart")[0]}) == documents * 4
    assert len({s.division_key for s in read(path, documents="together")[0]}) == documents


def test_unit_of_a_document_without_a_name_does_not_depend_on_its_number(tmp_path):
    path = tmp_path / "a.conll"
    documents = [f"-DOCSTART-\tO\n\nAnn{number}\tB-PER\n\nleft\tO\n\n" for number in range(5)]
    path.write_text("".join(documents))
    before = {s.text: s.division_key for s in read(path, documents="together")[0] if s.text != "left"}
    path.write_text("".join(documents[3:]))
    after = {s.text: s.division_key for s in read(path, documents="together")[0] if s.text != "left"}
    assert after == {text: before[text] for text in ("Ann3", "Ann4")}


def test_names_of_documents_come_from_comments_metadata_and_files(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text("# newdoc id = d1\nAnn\tB-PER\n\nBo\tB-PER\n\n# newdoc\nCy\tB-PER\n")
    assert [s.document for s in read(path)[0]] == ["d1", "d1", "2"]
    path = tmp_path / "b.gold_conll"
    row = "a 0 0 Oslo NNP * - - - - (GPE) -\n\n"
    path.write_text(f"#begin document (a/b); part 001\n{row}#end document\n#begin document (a/c); part 000\n{row}")
    assert [s.document for s in read(path)[0]] == ["a/b part 001", "a/c part 000"]
    path = write(tmp_path / "c.jsonl", {"text": "Ann", "entities": [], "meta": {"doc_id": "x"}})
    sentences, report = read(path)
    assert ([s.document for s in sentences], report.documents) == (["x"], 1)
    (tmp_path / "d.txt").write_text("Ann left\nBo came\n")
    (tmp_path / "d.ann").write_text("T1\tPER 0 3\tAnn\n")
    assert [s.document for s in read(tmp_path / "d.ann")[0]] == ["d", "d"]


def test_sentences_of_a_document_share_a_split(tmp_path):
    records = []
    for document in range(60):
        text, entities, _ = text_of(12, first=100 * document)
        records.append({"id": document, "text": text, "entities": entities})
    write(tmp_path / "corpus.jsonl", *records)
    splits = {}
    for split in ("train", "eval", "test"):
        for labelled in LabelledData(tmp_path, corpus_settings(sentences="auto"), split).sentences():
            assert splits.setdefault(labelled.sentence.document, split) == split
    assert len(splits) == 60
    assert set(splits.values()) == {"train", "eval", "test"}
