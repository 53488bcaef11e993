"""Exports of annotation tools, found by looking; docs/corpora.md says which tool wrote which file."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.repository import ROOT
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.corpus.layout import find_splits
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.labelled_data import LabelledData
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file

EXPORTS = ROOT / "tests/data/exports"
BANKER = "Ida/B-PER Berg/I-PER works/O as/O banker/B-Job_Title in/O Zürich/B-LOC ./O"
RAIN = "It/O rains/O ./O"
TWO = [BANKER, RAIN]
LIVES = "Ida/B-PER Berg/I-PER lives/O in/O Zürich/B-LOC ./O"
ACME, MET = "Bo/B-PER works/O for/O Acme/B-ORG Ltd/I-ORG ./O", "He/O met/O Zoë/B-PER 😀/O ./O"
MARK = "It/O rains/O mark/O"  # numbered by a table of spaCy
ONE_ANNOTATOR = "Ida/B-PER Berg/O lives/O in/O Zürich/O ./O"
STUDIO = [ONE_ANNOTATOR, "😀/O Bo/B-PER met/O Zoë/B-PER at/O Acme/B-ORG Ltd/I-ORG ./O", RAIN]
OSLO = "Bo/B-PER saw/O Oslo/B-LOC 😀/O"

# file: sentences, records by kind, parts left out
FILES = {
    "doccano/sequence_labeling_1_8.jsonl": (TWO, {"record": 2}, {}),
    "doccano/relations_1_8.jsonl": (TWO, {"record": 2}, {"relations": 1}),
    "doccano/labels_1_0.jsonl": (TWO, {"record": 2}, {}),
    "doccano/annotations_0_9.json": (TWO, {"record": 2}, {}),
    "prodigy/ner_manual.jsonl": (TWO, {"record": 2, "rejected": 2}, {}),
    "label_studio/json.json": (
        STUDIO, {"record": 3, "unlabelled": 1}, {"annotations of others": 1, "cancelled annotations": 1},
    ),
    "label_studio/completions_0_9.json": (
        STUDIO, {"record": 3, "unlabelled": 1}, {"annotations of others": 1, "cancelled annotations": 1},
    ),
    "label_studio/json_min.json": (STUDIO, {"record": 3, "repeated": 1}, {}),
    "label_studio/csv.csv": (STUDIO, {"record": 3, "repeated": 1}, {}),
    "label_studio/tsv.tsv": (STUDIO, {"record": 3, "repeated": 1}, {}),
    "ubiai/ner.json": (TWO, {"record": 2}, {"relations": 1}),
    "sagemaker/output.manifest": (TWO, {"record": 2, "unlabelled": 1}, {}),
    "azure/labels.json": ([f"😀/O {BANKER}", RAIN], {"record": 2}, {}),
    "google/vertex.jsonl": (TWO, {"record": 2}, {}),
    "google/automl.jsonl": (TWO, {"record": 2}, {}),
    "spacy/pairs.json": (TWO, {"record": 2}, {}),
    "spacy/annotator.json": (TWO, {"record": 2}, {}),
    "spacy/doc_to_json_v3.jsonl": ([LIVES, f"{ACME} {MET}", MARK], {"record": 3}, {}),
    "spacy/docbin_v3.spacy": ([LIVES, ACME, MET, MARK], {"record": 4, "unlabelled": 1}, {}),
    # spaCy 2 does not tell a document without entities from one that nobody labelled.
    "spacy/docbin_v2.spacy": ([LIVES, ACME, MET], {"record": 3, "unlabelled": 2}, {}),
    "spacy/training_v2.json": ([LIVES, ACME, MET, MARK], {"record": 3}, {}),
    "spacy/training_v3.json": ([LIVES, ACME, MET, MARK], {"record": 3}, {}),
    "brat/train/a.ann": (
        [BANKER.replace("Job_Title", "Job"), "The/O left/O and/O right/O lung/O ./O", RAIN,
         "Bank/B-ORG of/I-ORG Oslo/I-ORG pays/O ./O"],
        {"record": 4}, {"relations": 2, "comments": 1, "attributes": 1, "events": 1},
    ),
    "hugging_face/hub/data/train-00000-of-00001.parquet": ([LIVES, RAIN], {"record": 2}, {}),
    "hugging_face/saved/test/data-00000-of-00001.arrow": ([OSLO], {"record": 1}, {}),
    "hugging_face/json_lines/train.jsonl": ([LIVES, RAIN], {"record": 2}, {}),
    "columns/gmb.csv": (["Ida/B-per Berg/I-per left/O", "Zürich/B-geo rains/O"], {"header": 1, "token": 5}, {}),
    "columns/ner.csv": (
        ["Ida/B-per left/O", "Zürich/B-geo rains/O", '"/O rains/O'], {"header": 1, "token": 6}, {},
    ),
    "columns/ontonotes.v4_gold_conll": (
        ["Ida/B-PERSON Berg/I-PERSON left/O Zürich/B-GPE", "It/O rains/O"],
        {"comment": 2, "token": 6, "boundary": 2}, {},
    ),
    "columns/plus.conllup": (
        ["Ida/B-PER Berg/I-PER left/O", "Zürich/B-LOC rains/O"], {"comment": 3, "token": 5, "boundary": 1}, {},
    ),
}  # fmt: skip


def read(path, data=None, **changes):
    report = IngestReport()
    sentences = list(read_corpus_file(str(path), corpus_settings(**changes), report, data))
    return [rows(sentence) for sentence in sentences], report


def rows(sentence):
    return " ".join(f"{token}/{tag}" for token, tag in zip(sentence.tokens, sentence.tags, strict=True))


def lines(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


@pytest.mark.parametrize("name", FILES)
def test_export_is_read_without_a_setting_and_accounted_for(name):
    expected, kinds, left_out = FILES[name]
    sentences, report = read(EXPORTS / name)
    assert sentences == expected
    assert (report.line_kinds, report.left_out) == (kinds, left_out)
    assert report.lines == sum(kinds.values())


def test_every_export_is_in_the_table_of_the_docs_and_in_this_test():
    known = {*FILES, "label_studio/conll2003.conll"}
    files = {path.relative_to(EXPORTS).as_posix() for path in EXPORTS.rglob("*") if path.is_file()}
    of_data_sets = {name for name in files if name.startswith("hugging_face/")}
    assert files - of_data_sets - {"README.md", "azure/a.txt", "azure/b.txt", "brat/train/a.txt"} <= known
    docs = (ROOT / "docs/corpora.md").read_text(encoding="utf-8")
    assert [name for name in known if f"`{name}`" not in docs] == []


def test_folders_that_tools_write_are_corpora():
    assert LabelledData(EXPORTS / "hugging_face/saved", corpus_settings()).split == "test"
    for folder, split, expected in (
        ("hugging_face/saved", "train", [LIVES, RAIN]),
        ("hugging_face/saved", "eval", [OSLO]),
        ("hugging_face/hub", "test", [OSLO]),
        ("hugging_face/json_lines", "test", [OSLO]),
        ("azure", "all", [f"😀/O {BANKER}", RAIN]),
    ):
        data = LabelledData(EXPORTS / folder, corpus_settings(), split)
        assert [rows(one.sentence) for one in data.sentences()] == expected, folder
    assert find_splits(EXPORTS / "brat") == [("train", "train/*.ann")]


def test_numbers_of_labels_need_names(tmp_path):
    data = lines({"tokens": ["Ida", "left"], "ner_tags": [1, 0]})
    (tmp_path / "train.jsonl").write_bytes(data)
    with pytest.raises(CorpusError, match=r"train\.jsonl: the tags are numbers, and no file names the labels\. Add "):
        read(tmp_path / "train.jsonl")
    (tmp_path / "label_names.json").write_text('["O", "B-PER"]')
    assert read(tmp_path / "train.jsonl")[0] == ["Ida/B-PER left/O"]
    (tmp_path / "label_names.json").write_text('{"1": "B-PER", "0": "O"}')
    assert read(tmp_path / "train.jsonl")[0] == ["Ida/B-PER left/O"]
    (tmp_path / "label_names.json").write_text('["O"]')
    with pytest.raises(CorpusError, match=r"train\.jsonl:1: found the label 1, but the file names 1 labels"):
        read(tmp_path / "train.jsonl")
    (tmp_path / "label_names.json").write_text('{"O"')
    with pytest.raises(CorpusError, match=r"label_names\.json: cannot be read"):
        read(tmp_path / "train.jsonl")
    sequence = {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "Sequence"}
    for features in (sequence, {**sequence, "_type": "List"}, [sequence["feature"]], sequence["feature"]):
        infos = {"default": {"features": {"ner_tags": features}}}
        (tmp_path / "label_names.json").unlink(missing_ok=True)
        (tmp_path / "dataset_infos.json").write_text(json.dumps(infos))
        assert read(tmp_path / "train.jsonl")[0] == ["Ida/B-PER left/O"]


def test_tags_as_texts_in_any_spelling_are_read():
    data = lines({"words": ["Ida", "Berg", "left"], "labels": ["PER_B", "PER_I", "O"]})
    assert read("a.jsonl", data)[0] == ["Ida/B-PER Berg/I-PER left/O"]
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found 3 tokens and 1 tags"):
        read("a.jsonl", lines({"tokens": ["Ida", "Berg", "left"], "tags": ["O"]}))
    with pytest.raises(CorpusError, match="found tags in the fields 'ner_tags' and 'labels'"):
        read("a.jsonl", lines({"tokens": ["Ida"], "ner_tags": ["O"], "labels": ["B-PER"]}))


NAMES = {
    "single quotes": "names:\n            '0': O\n            '1': B-PER",
    "double quotes": 'names:\n            "0": O\n            "1": B-PER',
    "numbers": "names:\n            1: B-PER\n            0: O",
    "list": "names:\n          - O\n          - B-PER",
    "list on one line": "names: [O, 'B-PER']",
}


@pytest.mark.parametrize("kind", ["sequence", "list", "dtype"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_numbers_of_labels_have_their_names_in_the_card_of_the_data_set(tmp_path, names, kind):
    (tmp_path / "train.jsonl").write_bytes(lines({"tokens": ["Ida", "left"], "ner_tags": [1, 0]}))
    other = "    - name: pos_tags\n      sequence:\n        class_label:\n          names: [X, Y]\n"
    own = f"    - name: ner_tags\n      {kind}:\n        class_label:\n          {names}\n"
    for info in ("dataset_info:\n    features:\n", "dataset_info:\n  - config_name: a\n    features:\n"):
        (tmp_path / "README.md").write_text(f"---\nlicense: mit\n{info}{other}{own}---\n# Data\n\n---\n")
        assert read(tmp_path / "train.jsonl")[0] == ["Ida/B-PER left/O"]


def test_card_of_a_data_set_without_names_or_with_invalid_yaml_is_an_error(tmp_path):
    (tmp_path / "train.jsonl").write_bytes(lines({"tokens": ["Ida"], "ner_tags": [1]}))
    for card, problem in (
        ("# class_label\n", r"no file names the labels\. Add dataset_infos\.json or README\.md of the data set, or "),
        ("---\ndataset_info: class_label\n---\n", "no file names the labels"),
        ("---\ndataset_info: [class_label\n---\n", r"README\.md: cannot be read \("),
    ):
        (tmp_path / "README.md").write_text(card)
        with pytest.raises(CorpusError, match=problem):
            read(tmp_path / "train.jsonl")


WORDS_AND_TAGS = {
    "sentence": {"sentence": ["Ida", "left"], "tags": ["B-PER", "O"]},
    "text": {"text": ["Ida", "left"], "labels": ["B-PER", "O"]},
    "sentence as a text": {"sentence": "Ida  left", "tags": ["B-PER", "O"]},
    "columns": {"id": ["7"], "tokens": [["Ida", "left"]], "ner_tags": [["B-PER", "O"]]},
    "columns of pandas": {"tokens": {"0": ["Ida", "left"]}, "ner_tags": {"0": ["B-PER", "O"]}},
    "columns with texts": {"sentence": {"0": "Ida left"}, "tags": {"0": ["B-PER", "O"]}},
}


@pytest.mark.parametrize("record", WORDS_AND_TAGS.values(), ids=WORDS_AND_TAGS)
def test_tokens_and_tags_in_other_fields_or_in_columns_are_read(record):
    assert read("a.json", json.dumps(record).encode())[0] == ["Ida/B-PER left/O"]


def test_each_row_of_columns_is_a_sentence():
    columns = {"id": [1, 2], "tokens": [["Ida", "left"], ["Bo"]], "ner_tags": [["B-PER", "O"], ["O"]]}
    assert read("a.json", json.dumps(columns).encode())[0] == ["Ida/B-PER left/O", "Bo/O"]
    columns["ner_tags"][1] = ["O", "O"]
    with pytest.raises(CorpusError, match="found 1 tokens and 2 tags"):
        read("a.json", json.dumps(columns).encode())


def test_labels_of_a_text_next_to_its_entities_are_not_its_tags():
    record = {"text": "Ida", "entities": [[0, 3, "PER"]], "tags": ["B-X"]}
    assert read("a.jsonl", lines(record))[0] == ["Ida/B-PER"]


def test_missing_tag_is_an_error_that_names_the_token():
    for tags in (["B-PER", None], [1, None], [None, None]):
        with pytest.raises(CorpusError, match=r"a\.jsonl:1: found no tag \(null\) for token \d of 2|no file names"):
            read("a.jsonl", lines({"tokens": ["Ida", "left"], "ner_tags": tags}))
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found tokens \['Ida', None\], expected texts"):
        read("a.jsonl", lines({"tokens": ["Ida", None], "ner_tags": ["O", "O"]}))


def test_whole_floats_are_numbers_of_labels(tmp_path):
    (tmp_path / "label_names.json").write_text('["O", "B-PER"]')
    (tmp_path / "a.jsonl").write_bytes(lines({"tokens": ["Ida", "left"], "ner_tags": [1.0, 0.0]}))
    assert read(tmp_path / "a.jsonl")[0] == ["Ida/B-PER left/O"]
    (tmp_path / "a.jsonl").write_bytes(lines({"tokens": ["Ida", "left"], "ner_tags": [1.5, 0.0]}))
    with pytest.raises(CorpusError, match=r"found the tag 1\.5, expected a text or the number of a label"):
        read(tmp_path / "a.jsonl")


def test_records_of_one_token_are_an_error_that_says_how_to_write_them():
    record = {"sentence": "Sentence: 1", "Word": "Ida", "Tag": "B-PER"}
    problem = r"a\.jsonl:1: found one token and its tag in the fields 'Word' and 'Tag', .* Write the table as CSV, .*"
    with pytest.raises(CorpusError, match=problem + r"`pandas\.read_json\('a\.jsonl', lines=True\)\.to_csv\('a\.csv'"):
        read("a.jsonl", lines(record))
    for record in ({"text": "Ida", "label": "B-PER"}, {"token": "Ida", "ner_tag": 1}, {"text": "Ida", "label": "O"}):
        with pytest.raises(CorpusError, match="found one token and its tag in the fields"):
            read("a.jsonl", lines(record))


def test_a_row_of_parquet_for_each_token_is_an_error_with_the_command_that_writes_csv():
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"sentence_id": [1, 1], "word": ["Ida", "left"], "tag": ["B-PER", "O"]}), sink)
    command = r"`pandas\.read_parquet\('a\.parquet'\)\.to_csv\('a\.csv', index=False\)`"
    with pytest.raises(CorpusError, match=f"'word' and 'tag', expected a sentence. .* {command}"):
        read("a.parquet", sink.getvalue().to_pybytes())


@pytest.mark.parametrize("tags", ["B-PER O", "['B-PER', 'O']"])
def test_tags_of_a_record_may_be_one_text(tags):
    for names in (("text", "labels"), ("sentence", "tags"), ("tokens", "ner_tags")):
        assert read("a.jsonl", lines(dict(zip(names, ("Ida left", tags), strict=True))))[0] == ["Ida/B-PER left/O"]
    first = {"text": "Ida left", "labels": tags}
    assert read("a.jsonl", lines(first, {"text": "Bo", "labels": "B-PER"}))[0] == ["Ida/B-PER left/O", "Bo/B-PER"]
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: found 3 tokens and 2 tags"):
        read("a.jsonl", lines(first, {"text": "Ida left Oslo", "labels": tags}))
    with pytest.raises(CorpusError, match="found no list in field 'entities'"):
        read("a.jsonl", lines({"text": "Ida left", "label": "very positive"}))


@pytest.mark.parametrize("form", [json.dumps, repr, lambda items: "[" + " ".join(map(repr, items)) + "]"])
@pytest.mark.parametrize("whole", [False, True])
def test_tables_with_a_sentence_and_lists_in_each_row_are_read(form, whole):
    """Kaggle's table of sentences, and what pandas writes of lists and of arrays of NumPy."""

    def row(words, tags):
        cells = ("Sentence: 1", form(words) if whole else " ".join(words), form(tags))
        return ",".join('"{}"'.format(cell.replace('"', '""')) for cell in cells)

    rows = [(["it's", "Oslo", "now"], ["O", "B-LOC", "O"]), (["Oslo", "is"], ["B-LOC", "O"]), (["Bo"], ["B-PER"])]
    table = ["Sentence #,Sentence,Tag", *(row(*each) for each in rows)]
    expected = ["it's/O Oslo/B-LOC now/O", "Oslo/B-LOC is/O", "Bo/B-PER"]
    assert read("a.csv", "\n".join(table).encode())[0] == expected
    table.append(row(["Bo", "ran", "off"], ["B-PER", "O"]))
    with pytest.raises(CorpusError, match=r"a\.csv:5: found 3 tokens and 2 tags"):
        read("a.csv", "\n".join(table).encode())


@pytest.mark.parametrize("spans", ['[[0, 3, "PER"]]', "[(0, 3, 'PER')]"])
@pytest.mark.parametrize("name", ["label", "entities"])
def test_tables_with_a_text_and_its_spans_in_each_row_are_read(spans, name):
    for separator in ",;\t":
        rows = [
            ["id", "text", name],
            ["1", '"It\nrains"', "[]"],
            ["2", "Ida left", '"' + spans.replace('"', '""') + '"'],
        ]
        table = "\n".join(map(separator.join, rows))
        assert read("a.csv", table.encode())[0] == ["It/O rains/O", "Ida/B-PER left/O"]


def test_tokens_of_a_model_are_refused(tmp_path):
    with pytest.raises(CorpusReadingError, match=r"a\.conll:1: found the mark '\[CLS\]', with which .* Remove such"):
        read("a.conll", b"[CLS] O\nIda B-PER\n[SEP] O\n")
    (tmp_path / "label_names.json").write_text('["O", "B-PER"]')
    (tmp_path / "a.jsonl").write_bytes(lines({"tokens": ["Ida", "##x"], "ner_tags": [1, -100]}))
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found the label -100, which transformers gives to parts of"):
        read(tmp_path / "a.jsonl")
    with pytest.raises(CorpusError, match=r"a\.csv:2: found '\[1, 0\]', .* These are numbers of labels\. Export"):
        read("a.csv", b"tokens,ner_tags\n\"['Ida', 'left']\",\"[1, 0]\"\n")


def test_a_span_next_to_an_invisible_mark_of_its_word_includes_it():
    text = "\u202bدان\u202c في \u2067حيفا\u2069. x\u200f"
    record = {"text": text, "entities": [[1, 4, "PER"], [10, 14, "LOC"]]}
    sentences, report = read("a.jsonl", lines(record))
    assert sentences == ["\u202bدان\u202c/B-PER في/O \u2067حيفا\u2069/B-LOC ./O x\u200f/O"]
    assert report.repairs == {"marks_at_span": 2}
    with pytest.raises(CorpusError, match="ends inside the word"):
        read("a.jsonl", lines({"text": "\u202bدان\u202cx", "entities": [[1, 4, "PER"]]}))


def task(data, *regions):
    result = [
        {"type": "labels", "to_name": to, "value": {"start": start, "end": end, "text": text, "labels": ["PER"]}}
        for to, start, end, text in regions
    ]
    return {"data": data, "annotations": [{"result": result}]}


def test_the_text_of_a_task_with_several_is_the_one_of_its_spans_or_the_only_one_of_words():
    body = {"title": "A day", "body": "Ida left"}
    for record in (
        task(body, ("t", 0, 3, "Ida")),
        task({"title": "Bo", "text": "Ida left"}, ("text", 0, 3, "Ida")),
        task({"source": "web", "body": "Ida left"}, ("t", 0, 3, "Ida")),
        {"body": "Ida left", "title": "A day", "annotation_id": 1, "annotator": 1,
         "label": [{"start": 0, "end": 3, "text": "Ida", "labels": ["PER"]}]},
    ):  # fmt: skip
        assert read("a.json", json.dumps([record]).encode())[0] == ["Ida/B-PER left/O"]
    assert read("a.jsonl", lines(task({"source": "web", "body": "Ida left"})))[0] == ["Ida/O left/O"]
    problem = r"a\.jsonl:1: found 2 texts, in the fields 'title', 'body', and none of them is named .*`jq "
    with pytest.raises(CorpusError, match=problem):
        read("a.jsonl", lines(task(body)))
    with pytest.raises(CorpusError, match=r"found labels of several texts \(title, text\)\. Label each text in a task"):
        read("a.jsonl", lines(task({"title": "Bo", "text": "Ida"}, ("title", 0, 2, "Bo"), ("text", 0, 3, "Ida"))))


def test_null_of_ner_annotator_is_a_text_that_nobody_labelled():
    pair = ["Ida left", {"entities": [[0, 3, "PER"]]}]
    for pairs in ([pair, None], [None, pair]):
        document = {"classes": ["PER"], "annotations": pairs}
        for indent in (None, 1):
            sentences, report = read("a.json", json.dumps(document, indent=indent).encode())
            assert sentences == ["Ida/B-PER left/O"]
            assert report.line_kinds == {"record": 1, "unlabelled": 1}
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: "):
        read("a.jsonl", lines({"text": "Ida", "entities": []}) + b"null\n")


def test_spans_of_prodigy_may_be_null():
    records = [{"text": "Ida", "spans": [{"start": 0, "end": 3, "label": "PER"}]}, {"text": "It rains", "spans": None}]
    for ordered in (records, records[::-1]):
        assert sorted(read("a.jsonl", lines(*ordered))[0]) == ["Ida/B-PER", "It/O rains/O"]


def test_objects_of_several_lines_in_json_lines_are_an_error_with_the_command_that_joins_them():
    record = json.dumps({"text": "Ida", "entities": []}, indent=1)
    for data in (record, record + "\n" + record):
        with pytest.raises(CorpusError, match=r"Write one object per line \(.*`jq -c \.`"):
            read("a.jsonl", data.encode())


def test_gliner_counts_tokens_and_includes_the_last_one():
    record = {"tokenized_text": ["Ida", "Berg", "left"], "ner": [[0, 1, "human being"], [0, 1, "human being"]]}
    nothing = {"tokenized_text": ["It", "rains"], "ner": []}
    for records in ((nothing, record), (record, nothing)):
        assert {*read("a.jsonl", lines(*records))[0]} == {
            "Ida/B-human_being Berg/I-human_being left/O",
            "It/O rains/O",
        }
    for span, problem in (
        ([0, 3, "X"], r'found span \[0, 3, "X"\] in a text of 3 tokens'),
        ([1, 1, "X"], r'found span \[1, 1, "X"\], which overlaps another one'),
        ([0, "X"], r'found span \[0, "X"\], expected \[first token, last token, label\]'),
    ):
        with pytest.raises(CorpusError, match=rf"a\.jsonl:1: {problem}"):
            read("a.jsonl", lines({**record, "ner": [*record["ner"], span]}))


IDA, SAID = "Ida saw New York.", "Ida/B-PER saw/O New/B-LOC York/I-LOC ./O"
PARIS = ["Ida", "saw", "New", "York", "."]
SAW, SHE = "Ida/B-PER saw/O New/B-LOC York/I-LOC ./O", "She/O saw/O Oslo/B-LOC"
TOKEN_SPANS = {
    "SpERT": {
        "tokens": PARIS, "entities": [{"type": "PER", "start": 0, "end": 1}, {"type": "LOC", "start": 2, "end": 4}],
        "relations": [{"type": "Saw", "head": 0, "tail": 1}], "orig_id": 7,
    },
    "OneIE": {
        "sent_id": "a-1", "tokens": PARIS, "sentence": "Ida saw New York.", "relation_mentions": [{}],
        "entity_mentions": [
            {"id": "e1", "text": "Ida", "entity_type": "PER", "start": 0, "end": 1},
            {"id": "e2", "text": "New York", "entity_type": "LOC", "start": 2, "end": 4},
        ],
    },
    "W2NER": {"sentence": PARIS, "ner": [{"index": [0], "type": "PER"}, {"index": [2, 3], "type": "LOC"}]},
    "objects that include the end": {
        "tokens": PARIS, "entities": [{"label": "PER", "start": 0, "end": 0}, {"label": "LOC", "start": 2, "end": 3}],
    },
    "lists that include the end": {"tokens": PARIS, "spans": [[0, 0, "PER"], [2, 3, "LOC"]]},
    "lists that exclude the end": {"words": PARIS[:4], "ner": [[0, 1, "PER"], [2, 4, "LOC"]]},
}  # fmt: skip


@pytest.mark.parametrize("name", TOKEN_SPANS)
def test_spans_of_tokens_are_read(name):
    record = TOKEN_SPANS[name]
    for data in (lines(record), json.dumps([record]).encode(), json.dumps([record], indent=1).encode()):
        sentences, report = read("a.json", data)
        assert sentences in ([SAW], [SAW.removesuffix(" ./O")])
        assert report.left_out == ({"relations": 1} if name in ("SpERT", "OneIE") else {})
    assert bool(report.notes[1:]) == ("include" in name)


def test_spans_of_tokens_need_a_sure_end():
    record = {"tokens": PARIS, "spans": [[2, 3, "LOC"]]}
    with pytest.raises(CorpusReadingError, match=r"a\.jsonl:1: leaves open whether .* \[2, 3, .*gliner if .* spert if"):
        read("a.jsonl", lines(record))
    assert read("a.jsonl", lines(record), format="gliner")[0] == ["Ida/O saw/O New/B-LOC York/I-LOC ./O"]
    assert read("a.jsonl", lines(record), format="spert")[0] == ["Ida/O saw/O New/B-LOC York/O ./O"]
    with pytest.raises(CorpusReadingError, match=r"\[4, 5, .* but \[0, 0, .* of 2 only if it is not"):
        read("a.jsonl", lines({**record, "spans": [[4, 5, "X"]]}, {**record, "spans": [[0, 0, "X"]]}))


def test_spans_next_to_tokens_that_may_count_characters_are_refused():
    short = {"tokens": PARIS, "entities": [{"start": 0, "end": 3, "label": "PER"}]}
    raw = {**short, "raw_text": "Ida saw New York."}
    both = {"start": 8, "end": 16, "label": "LOC"}
    named = {"start": 4, "end": 7, "label": "X", "text": "saw"}
    for record, problem in (
        (raw, "may count characters of the field 'raw_text'. Add .* 'text', or set corpus.format to spert"),
        ({**raw, "entities": [both]}, "counts characters of the field 'raw_text'. Add .* 'text'.$"),
        ({**short, "entities": [*short["entities"], both]}, "counts characters of the text that the tokens make"),
        ({**short, "entities": [named]}, "counts characters of the text that the tokens make"),
    ):
        with pytest.raises(CorpusReadingError, match=rf"a\.jsonl:2: found span .* which {problem}"):
            read("a.jsonl", lines({"tokens": PARIS, "entities": []}, record))
    assert read("a.jsonl", lines(raw), format="spert")[0] == ["Ida/B-PER saw/I-PER New/I-PER York/O ./O"]
    for record in ({**raw, "entities": [{"start": 2, "end": 4, "label": "LOC"}]}, short):
        read("a.jsonl", lines(record))
    han = {"content": "王伟去", "tokens": [*"王伟去"], "entities": [{"start": 0, "end": 2, "label": "PER"}]}
    assert read("a.jsonl", lines(han), min_raw_text_survival=0.0)[0] == ["王/B-PER 伟/I-PER 去/O"]


def test_faults_of_spans_of_tokens_are_errors_with_their_form():
    spert = TOKEN_SPANS["SpERT"]
    for entity, problem in (
        ({"type": "X", "start": 4, "end": 6}, "in a text of 5 tokens, expected .first token, token after the last one"),
        ({"type": "X", "start": 3, "end": 5}, "which overlaps another one; .* corpus.overlaps: longest keeps"),
        ({"type": "X", "start": 4, "end": 5, "text": "York"}, r"whose tokens are '\.'"),
        ({"type": "", "start": 4, "end": 5}, "expected .first token"),
        ({"type": "X", "start": -1, "end": 7}, "in a text of 5 tokens, expected .first token"),
    ):
        broken = {**spert, "entities": [*spert["entities"], entity]}
        with pytest.raises(CorpusError, match=rf"a\.jsonl:2: found span .*{problem}"):
            read("a.jsonl", lines(spert, broken))
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found span .* has a gap"):
        read("a.jsonl", lines({"sentence": PARIS, "ner": [{"index": [0, 2], "type": "PER"}]}))
    nested = {**spert, "entities": [{"type": "X", "start": 2, "end": 3}, *spert["entities"]]}
    sentences, report = read("a.jsonl", lines(nested), overlaps="longest")
    assert (sentences, report.repairs) == ([SAW], {"overlapping_span": 1})


@pytest.mark.parametrize("second", [[[7, 7, "LOC"]], [[2, 2, "LOC"]]])
def test_spans_of_documents_count_its_tokens_or_those_of_the_sentence(second):
    record = {
        "doc_key": "a", "sentences": [PARIS, ["She", "saw", "Oslo"]], "clusters": [],
        "ner": [[[0, 0, "PER"], [2, 3, "LOC"]], second], "relations": [[[0, 0, 2, 3, "SAW"]], []],
    }  # fmt: skip
    sentences, report = read("a.json", lines(record, record))
    assert (sentences, report.left_out, report.documents) == ([SAW, SHE] * 2, {"relations": 2}, 1)
    assert ("of the sentence" in report.notes[0]) == (second[0][0] == 2)
    with pytest.raises(CorpusError, match=r"a\.json:2: found 2 sentences and 1 lists of spans"):
        read("a.json", lines(record, {**record, "ner": [[]]}))


def test_docred_is_read():
    mention = {"name": "New York", "sent_id": 0, "pos": [2, 4], "type": "LOC"}
    others = [[{"sent_id": 0, "pos": [0, 1], "type": "PER"}], [{"sent_id": 1, "pos": [2, 3], "type": "LOC"}]]
    record = {"title": "A", "sents": [PARIS, ["She", "saw", "Oslo"]], "labels": [{}], "vertexSet": [[mention], *others]}
    sentences, report = read("dev.json", json.dumps([record]).encode())
    assert (sentences, report.left_out, report.documents) == ([SAW, SHE], {"relations": 1}, 1)
    for change, problem in (({"sent_id": 2}, "in a text of 2 sentences"), ({"pos": [2, 9]}, "in a text of 5 tokens")):
        with pytest.raises(CorpusError, match=rf"dev\.json:1: found span .* {problem}"):
            read("dev.json", json.dumps([{**record, "vertexSet": [[{**mention, **change}]]}]).encode())


def test_rows_of_the_dataset_viewer_are_read_with_the_names_of_their_labels():
    label = {"feature": {"names": ["O", "B-PER", "B-LOC", "I-LOC"], "_type": "ClassLabel"}, "_type": "List"}
    features = [{"feature_idx": 0, "name": "tokens", "type": {}}, {"feature_idx": 1, "name": "ner_tags", "type": label}]
    row = {"row_idx": 0, "row": {"tokens": PARIS, "ner_tags": [1, 0, 2, 3, 0]}, "truncated_cells": []}
    page = {"features": features, "rows": [row, row], "num_rows_total": 2}
    for data in (json.dumps(page), json.dumps(page, indent=1)):
        assert read("rows.json", data.encode())[0] == [SAW, SAW]
    cut = {**row, "row": {"tokens": "['Ida", "ner_tags": [1]}, "truncated_cells": ["tokens"]}
    with pytest.raises(CorpusError, match=r"rows\.json:2: .*'tokens', which the dataset viewer truncated .*Parquet"):
        read("rows.json", json.dumps({**page, "rows": [row, cut]}).encode())


@pytest.mark.parametrize("name", ["data", "rows", "examples", "documents", "sentences"])
def test_other_lists_of_objects_in_the_only_record_are_not_the_records(name):
    record = {"tokens": ["Ida", "left"], "tags": ["B-PER", "O"], name: [{"text": "Ida left"}]}
    for data in (lines(record), json.dumps(record, indent=1).encode(), json.dumps([record]).encode()):
        assert read("a.json", data)[0] == ["Ida/B-PER left/O"]


def test_records_that_hold_sentences_or_objects_of_tokens_are_read():
    objects = [{"word": "Ida", "ner": "B-PER", "pos": "NNP"}, {"word": "left", "ner": "O", "pos": "VBD"}]
    lists = {"tokens": ["Ida", "left"], "tags": ["B-PER", "O"]}
    for record in ({"tokens": objects}, {"tokens": lists["tokens"], "tags": "B-PER O"}, {"sentences": [lists]}):
        assert read("a.jsonl", lines(record))[0] == ["Ida/B-PER left/O"]
    sentences, report = read(
        "a.json", json.dumps([{"doc_id": "x", "sentences": [lists, {"tokens": objects}]}]).encode()
    )
    assert (sentences, report.documents) == (["Ida/B-PER left/O"] * 2, 1)


@pytest.mark.parametrize(
    ("name", "header", "one", "other"),
    [
        ("a.csv", "text,start,end,label", f"{IDA},0,3,PER", f"{IDA},8,16,LOC"),
        ("a.csv", "id;sentence;begin;end;type", f"1;{IDA};0;3;PER", f"1;{IDA};8;16;LOC"),
        ("a.csv", "id,text,start,end,label", f"1,{IDA},0,3,PER", f"2,{IDA},8,16,LOC"),
        (
            "a.txt",
            "Doc ID\tText\tStart Offset\tEnd Offset\tEntity Type",
            f"d\t{IDA}\t0\t3\tPER",
            f"d\t{IDA}\t8\t16\tLOC",
        ),
        ("a.csv", "sentence,entity,start,end,label", f"{IDA},Ida,0.0,3.0,PER", f"{IDA},New York,8.0,16.0,LOC"),
        ("a.csv", "sentence,entity,start,end,label", f"{IDA},Ida,0,2,PER", f"{IDA},New York,8,15,LOC"),
    ],
)
def test_tables_with_a_row_for_each_span_are_read(name, header, one, other):
    sentences, report = read(name, "\n".join((header, one, other, "")).encode())
    assert sentences == [SAID]
    assert "read each row as a span" in report.notes[0]
    assert ("end included" in report.notes[0]) == ("0,2" in one)


def test_texts_of_a_table_of_spans_may_have_no_entity_repeat_or_begin_with_a_quote():
    table = f"doc_id\ttext\tstart\tend\tlabel\nx\t{IDA}\t0\t3\tPER\nx\tIt rains.\t\t\t\nx\t{IDA}\t8\t16\tLOC\n"
    sentences, report = read("a.tsv", table.encode())
    assert (sentences, report.documents) == ([SAID, "It/O rains/O ./O"], 1)
    assert read("a.tsv", (table + 'x\t"Bo" left\t1\t3\tPER\n').encode())[0][2:] == ['"/O Bo/B-PER "/O left/O']


def test_equal_texts_of_a_table_of_spans_are_apart_if_a_column_numbers_the_texts():
    rows = [f"1,{IDA},0,3,PER", f"1,{IDA},8,16,LOC", f"2,{IDA},0,3,PER", f"2,{IDA},8,16,LOC", "3,Bo sat,0,2,PER"]
    for name in ("Nr", "Sentence No", "sample-id", "doc_id"):
        table = "\n".join((f"{name},text,start,end,label", *rows, ""))
        assert read("a.csv", table.encode())[0] == [SAID, SAID, "Bo/B-PER sat/O"]
    # The numbers of the spans in each text.
    of_spans = "\n".join(("no,text,start,end,label", rows[0], rows[1].replace("1", "2", 1), "1,Bo sat,0,2,PER", ""))
    assert read("a.csv", of_spans.encode())[0] == [SAID, "Bo/B-PER sat/O"]
    items = "\n".join(
        ("item,text,start,end,label", f"NY,{IDA},8,16,LOC", f"NY,{IDA},8,16,LOC", f"Ida,{IDA},0,3,PER", "")
    )
    assert read("a.csv", items.encode())[0] == [SAID]


def test_tables_of_spans_without_text_or_offsets_are_refused_with_the_remedy():
    for data, problem in (
        (
            "doc_id,start,end,type,text\n1,0,3,PER,Ida\n1,8,16,LOC,New York\n",
            "a.csv:1: found a row for each span, but not",
        ),
        ("filename,mark,label,off0,off1,span\nx,T1,LOC,8,16,New York\n", "column `text`.* .ann of brat next to each"),
        (f"sentence,entity,label\n{IDA},Ida,PER\n", "a.csv:1: found a row for each entity, .* without its offsets"),
        (
            f"text,start,end,label\n{IDA},0,3,PER\n{IDA},0,3,PER\n{IDA},8,x,LOC\n",
            "a.csv:4: found '8', 'x', 'LOC', expected",
        ),
        (f"text,entity,start,end,label\n{IDA},Ida,0,3,PER\n{IDA},York,8,16,LOC\n", "a.csv:2: found span .* 'York'"),
    ):
        with pytest.raises(CorpusError, match=problem):
            read("a.csv", data.encode())


def test_tables_of_tokens_with_their_offsets_stay_columns():
    for label in ("B-PER", "PER"):
        data = f"text,start,end,label\nIda,0,3,{label}\nleft,4,8,O\nBo,9,11,{label}\nsat,12,15,O\n"
        assert read("a.csv", data.encode())[0] == ["Ida/B-PER left/O Bo/B-PER sat/O"]


@pytest.mark.parametrize("tags", [("B-PER O", "O O"), ("B-PER,O", "O,O"), ("['B-PER', 'O']", "['O' 'O']")])
def test_tables_of_sentences_with_their_offsets_stay_sentences(tags):
    data = f'text,start,end,labels\nIda left,0,8,"{tags[0]}"\nBo sat,9,15,"{tags[1]}"\n'
    assert read("a.csv", data.encode())[0] == ["Ida/B-PER left/O", "Bo/O sat/O"]


@pytest.mark.parametrize(
    "spans",
    [
        {"entities": [{"start": 0, "end": 1, "type": "PER"}]},
        {"text": "Ida left", "entities": [[0, 3, "PER"]]},
        {"text": "Ida left", "spans": [{"start": 0, "end": 3, "label": "PER"}]},
    ],
)
def test_tags_and_spans_of_a_record_must_agree(spans):
    same = {"tokens": ["Ida", "left"], "ner_tags": ["B-PER", "O"], **spans}
    assert read("a.jsonl", lines(*[same] * 60))[0] == ["Ida/B-PER left/O"] * 60
    for other in (["B-LOC", "O"], ["O", "O"]):
        with pytest.raises(CorpusReadingError, match=r"a\.jsonl:61: has the fields of .* Set corpus\.format to"):
            read("a.jsonl", lines(*[same] * 60, {**same, "ner_tags": other}))
    assert read("a.jsonl", lines({**same, "ner_tags": ["O", "O"]}), format="hugging_face")[0] == ["Ida/O left/O"]
    other = {"tokens": ["Bo", "left"], "ner_tags": ["B-PER", "O"], "entities": [[1, 2, "LOC"]]}
    for records in ((other, {**other, "entities": []}), ({**other, "entities": []}, other)):
        with pytest.raises(
            CorpusReadingError, match=r"which differ in their entities\. Set corpus\.format to hugging_face"
        ):
            read("a.jsonl", lines(*records))
    with pytest.raises(CorpusReadingError, match=r"Set corpus\.format to hugging_face or spans"):
        read(
            "a.jsonl",
            lines({"text": "Ida left", "tokens": ["Ida", "left"], "tags": ["O", "O"], "entities": {"X": ["Ida"]}}),
        )
    with pytest.raises(CorpusError, match="found no span in field 'entities', but 1 in field 'spans'"):
        read("a.jsonl", lines({"text": "Ida left", "entities": [], "spans": {"PER": [[0, 3]]}}))
    empty = {"tokens": ["Ida", "left"], "ner_tags": ["B-PER", "O"], "spans": []}
    assert read("a.jsonl", lines(empty))[0] == ["Ida/B-PER left/O"]


OTHER_FORMS = (
    {"text": IDA, "entities": [{"begin": 0, "end": 3, "label": "PER"}, {"begin": 8, "end": 16, "label": "LOC"}]},
    {"text": IDA, "entities": [["PER", 0, 3], ["LOC", 8, 16]]},
    {"text": IDA, "entities": {"start": [0, 8], "end": [3, 16], "label": ["PER", "LOC"]}},
    {"text": IDA, "entities": [{"span": [0, 3], "label": "PER"}, {"span": [8, 16], "label": "LOC"}]},
    {"text": IDA, "entities": [{"offset": 0, "length": 3, "type": "PER"}, {"offset": 8, "length": 8, "type": "LOC"}]},
    {"text": IDA, "entities": {"PER": [{"indices": [0, 3]}], "LOC": [{"indices": [8, 16], "kind": "city"}]}},  # GATE
    {"text": IDA, "label": {"PER": {"Ida": [[0, 2]]}, "LOC": {"New York": [[8, 15]]}}},  # CLUENER
    {"text": IDA, "label": {"PER": {"Ida": [[0, 3]]}, "LOC": {"New York": [[8, 16]]}}},
    {
        "content": IDA, "extras": None,  # DataTurks
        "annotation": [
            {"label": ["PER"], "points": [{"start": 0, "end": 2, "text": "Ida"}]},
            {"label": ["LOC"], "points": [{"start": 8, "end": 15, "text": "New York"}]},
        ],
    },
    {"text": IDA, "tokens": ["Ida"], "prediction": None, "annotation": [["PER", 0, 3], ["LOC", 8, 16]]},  # Argilla
    {"content": IDA, "annotations": [{"start": 0, "end": 3, "tag": "PER"}, {"start": 8, "end": 16, "tag": "LOC"}]},
    {"text": IDA, "entities": [
        {"offsets": [[0, 3]], "text": ["Ida"], "type": "PER"}, {"offsets": [[8, 16]], "type": "LOC"},
    ]},  # BigBio
    {"text": IDA, "entities": [
        {"start": 0, "end": 3, "entity_group": "PER", "score": 0.9}, {"start": 8, "end": 16, "entity_group": "LOC"},
    ]},
    {"text": IDA, "entities": {"PER": [[0, 3]], "LOC": [[8, 16, "New York"]], "ORG": []}},
    {"text": IDA, "entities": {"PER": [0, 3], "LOC": [8, 16]}},
    {"text": IDA, "entities": {"PER": ["Ida"], "LOC": ["New York"], "ORG": None}},  # answers of a language model
    {"text": IDA, "entities": {"PER": "Ida", "LOC": "New York", "ORG": ""}},
    {"text": IDA, "entities": [{"text": "Ida", "label": "PER"}, {"name": "New York", "type": "LOC"}]},
    {"text": IDA, "entities": [{"entity": "Ida", "type": "PER"}, {"word": "New York", "tag": "LOC", "score": 0.9}]},
    {"text": IDA, "label": [[0, 3, ["PER"]], [8, 16, ["LOC"]]]},  # doccano
    {"text": IDA, "entities": [{"start": 0, "end": 3, "labels": ["PER"]}, {"start": 8, "end": 16, "label": ["LOC"]}]},
    {"sentence": IDA, "labels": [[0, 3, "PER"], [8, 16, "LOC"]]},
    {"text": IDA, "entities": "[[0, 3, \"PER\"], [8, 16, \"LOC\"]]"},  # Parquet
    {"text": IDA, "entities": "{'PER': [(0, 3)], 'LOC': [(8, 16)]}"},
)  # fmt: skip


@pytest.mark.parametrize("record", OTHER_FORMS)
def test_spans_in_other_forms_are_read(record):
    field = next(name for name in ("entities", "annotation", "annotations", "label", "labels") if name in record)
    empty = {**record, field: []}
    for records in ((record, record), (empty, record), (record, empty)):
        assert sorted({*read("a.jsonl", lines(*records))[0]}) == sorted(
            {SAID, *["Ida/O saw/O New/O York/O ./O"] * (empty in records)}
        )


@pytest.mark.parametrize(
    ("text", "entities", "expected"),
    [
        ("Bo met Bo", {"PER": ["Bo", "Bo"]}, "Bo/B-PER met/O Bo/B-PER"),
        ("York is not New York", {"LOC": ["York"], "ORG": ["New York"]}, "York/B-LOC is/O not/O New/B-ORG York/I-ORG"),
        ("New\nYork", {"LOC": ["New York"]}, "New/B-LOC York/I-LOC"),
        ("Bo met Bo", {"PER": ["Bo"]}, "found 'Bo' as 'PER' 1 time, but the text has it 2 times. Write spans with"),
        ("Bo met Bo", {"PER": ["Bo"], "LOC": ["Bo"]}, "found 'Bo' as 'PER' and 'LOC' 2 times, but the text has it 2"),
        ("Bob left", {"PER": ["Bo"]}, "found 'Bo' as 'PER' 1 time, but the text does not have these words. Write"),
        ("Ida left", {"Ida": "PER"}, "found 'PER' as 'Ida' 1 time, but the text does not have these words. Write"),
    ],
)
def test_entities_without_offsets_are_the_words_that_are_their_text(text, entities, expected):
    record = lines({"text": text, "entities": entities})
    if "/" in expected:
        assert read("a.jsonl", record)[0] == [expected]
    else:
        with pytest.raises(CorpusError) as caught:
            read("a.jsonl", record)
        assert f"a.jsonl:1: {expected}" in str(caught.value)


def test_classes_of_a_text_are_no_entities_without_offsets():
    record = {"text": "The good food", "label": {"sentiment": "good"}}
    with pytest.raises(CorpusError, match=r"found {'sentiment': 'good'} in 'label', which may be a class of the whole"):
        read("a.jsonl", lines(record))
    assert read("a.jsonl", lines(record | {"label": {"X": ["good"]}}))[0] == ["The/O good/B-X food/O"]


@pytest.mark.parametrize(
    "record",
    [
        {"text": "Ida left", "label": [[0, 3, ["PER", "HUM"]]]},
        {"text": "Ida left", "entities": [{"start": 0, "end": 3, "label": ["PER", "HUM"]}]},
        {
            "content": "Ida left",
            "annotation": [{"label": ["PER", "HUM"], "points": [{"start": 0, "end": 2, "text": "Ida"}]}],
        },
    ],
)
def test_several_labels_of_a_span_are_spans_that_overlap(record):
    with pytest.raises(CorpusError, match=r"overlapping spans \[0, 3, 'HUM'\] 'Ida' and \[0, 3, 'PER'\] 'Ida'"):
        read("a.jsonl", lines(record))
    sentences, report = read("a.jsonl", lines(record), overlaps="longest")
    assert (sentences, report.repairs) == (["Ida/B-PER left/O"], {"overlapping_span": 1})


def test_spans_without_a_label_and_texts_that_nobody_labelled_are_counted():
    unlabelled = {"content": "Bo left", "annotation": None}
    label = {"content": "Ida left", "annotation": [{"label": [], "points": [{"start": 0, "end": 2, "text": "Ida"}]}]}
    sentences, report = read("a.jsonl", lines(unlabelled, label))
    assert (sentences, report.left_out) == (["Ida/O left/O"], {"spans without a label": 1})
    assert report.line_kinds == {"unlabelled": 1, "record": 1}


@pytest.mark.parametrize(
    "spans",
    [
        "0-3 PER; 8-16 LOC", "0-3 PER, 8-16 LOC", "0:3:PER|8:16:LOC", "0,3,PER;8,16,LOC", "0 3 PER 8 16 LOC",
        "PER(0,3), LOC(8,16)", "PER: 0-3; LOC: 8-16", "[(0,3,PER), (8,16,LOC)]", "(0, 3, 'PER'), (8, 16, 'LOC')",
        "{'PER': ['Ida'], 'LOC': ['New York']}", "{'entities': [(0, 3, 'PER'), (8, 16, 'LOC')]}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("header", ["text,entities", "id,sentence,labels", "data,label"])
def test_spans_in_a_cell_are_read_in_any_notation(spans, header):
    number = ["1"] * header.startswith("id")
    for none in ("[]", "{}"):
        table = io.StringIO()
        csv.writer(table).writerows(
            [header.split(","), [*number, IDA, spans], [*["2"] * len(number), "It rains", none]]
        )
        assert read("a.csv", table.getvalue().encode())[0] == [SAID, "It/O rains/O"]


def test_tables_of_texts_with_other_cells_are_refused_with_the_notations():
    table = b"text,entities\nIda left,0-3 PER\nBo left,Bo PER\nIt rains,\n"
    with pytest.raises(
        CorpusError, match=r"a\.csv:3: found 'Bo PER' in column 'entities', expected spans\. Write them as"
    ):
        read("a.csv", table)
    assert read("a.csv", table.replace(b"Bo PER", b""))[0] == ["Ida/B-PER left/O", "Bo/O left/O", "It/O rains/O"]
    for form in ("text,PER\n%s,Ida\n%s,\n", "%s,0-3 PER\n%s,\n", "text,label\n%s,positive\n%s,negative\n"):
        with pytest.raises(
            CorpusReadingError,
            match=r"column 0 \(the first\) holds texts of several words, such as 'Ida left', not",
        ):
            read("a.csv", (form % ("Ida left", "It rains")).encode())
    for table, place in (
        ("Satz,PER\nIda left,Ida\nIt rains,\n", r"a\.csv:2: .*no header was recognized, the first row is 'Satz, PER'"),
        ("text,label\nIda left,a\nIt rains,b\n", r"a\.csv:1: .*the header is 'text, label'"),
    ):
        with pytest.raises(CorpusReadingError, match=place):
            read("a.csv", table.encode())


def test_tokens_of_several_words_are_read_if_some_are_outside_entities():
    sentences, _ = read("a.tsv", "Hà Nội\tLOC\nđẹp quá\tO\n\nSài Gòn\tLOC\nthành phố\tO\n".encode())
    assert sentences == ["Hà/B-LOC Nội/I-LOC đẹp/O quá/O", "Sài/B-LOC Gòn/I-LOC thành/O phố/O"]


@pytest.mark.parametrize(
    "spans",
    [
        {"Entities": [{"BeginOffset": 0, "EndOffset": 3, "Score": 0.9, "Text": "Ida", "Type": "PER"}]},
        {"Entities": [[0, 3, "PER"]]},
        {"Label": [[0, 3, "PER"]]},
        {"Entities": {"PER": ["Ida"]}},
    ],
)
def test_names_of_fields_with_capitals_are_read(spans):
    assert read("a.jsonl", lines({"Text": "Ida left", **spans}))[0] == ["Ida/B-PER left/O"]


@pytest.mark.parametrize("label", ["category", "entity_type", "labels", "tag"])
def test_entity_is_the_text_of_a_span_that_has_another_label(label):
    span = {"entity": "Ida", label: ["PER"] if label == "labels" else "PER"}
    for offsets in ({}, {"start": 0, "end": 3}):
        assert read("a.jsonl", lines({"text": "Ida left", "entities": [{**span, **offsets}]}))[0] == [
            "Ida/B-PER left/O"
        ]


def test_pairs_of_a_text_and_its_spans_are_read():
    for spans in ([[0, 3, "PER"]], {"entities": {"PER": [[0, 3]]}}, {"entities": {"PER": ["Ida"]}}):
        data = json.dumps([["Ida left", spans], ["It rains", []]])
        assert read("a.json", data.encode())[0] == ["Ida/B-PER left/O", "It/O rains/O"]


def test_code_of_python_and_cas_are_refused_with_the_remedy():
    for code in ('TRAIN_DATA = [\n    ("Ida left", {"entities": [(0, 3, "PER")]}),\n]\n', "[('Ida left', {})]\n"):
        with pytest.raises(
            CorpusError, match=r"a\.txt:1: found code of Python, which is not read\. Save the list as JSON"
        ):
            read("a.txt", code.encode())
    assert read("a.conll", b"import O\nos B-X\n")[0] == ["import/O os/B-X"]
    cas = {"%TYPES": {}, "%FEATURE_STRUCTURES": [{"%ID": 1, "sofaString": "Ida left"}]}
    with pytest.raises(CorpusError, match=r"found UIMA CAS JSON \(INCEpTION\), which is not read\. Export .* CoNLL"):
        read("a.json", json.dumps(cas).encode())
    with pytest.raises(CorpusError, match=r"found XML or HTML, which is not read"):
        read("a.txt", b'<xmi:XMI xmlns:xmi="http://www.omg.org/XMI">\n<cas:Sofa sofaString="Ida left"/>\n')


def test_labels_of_dialogues_are_an_error():
    region = {"type": "paragraphlabels", "value": {"start": "0", "end": "0", "startOffset": 0, "endOffset": 3}}
    task = {"id": 1, "data": {"text": "Ida left"}, "annotations": [{"result": [region]}]}
    with pytest.raises(CorpusError, match=r"found labels of a dialogue \(paragraphlabels\)\. Label each of its texts"):
        read("a.json", json.dumps([task]).encode())


def test_the_text_of_a_span_in_another_form_is_checked():
    point = {"label": ["PER"], "points": [{"start": 1, "end": 3, "text": "Ida"}]}
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found span .* whose text in the file is 'Ida'"):
        read("a.jsonl", lines({"content": IDA, "annotation": [point]}))


def test_records_in_named_lists_are_read_or_refused_with_the_command_that_writes_them():
    record = {"text": "Ida left", "entities": [[0, 3, "PER"]]}
    assert read("a.json", json.dumps({"documents": [record]}).encode())[0] == ["Ida/B-PER left/O"]
    for value, problem in (
        (
            {"train": [record], "test": [record]},
            r"lists 'train', 'test'\. .* `jq -c '\.train\[\]' FILE > train\.jsonl`",
        ),
        ([[["Ida", "B-PER"], ["left", "O"]]], r"`jq -c '\.\[\] \| \{tokens: map\(\.\[0\]\), tags: map\(\.\[1\]\)\}'`"),
        ([[["Ida", "left"], ["B-PER", "O"]]], r"`jq -c '\.\[\] \| \{tokens: \.\[0\], tags: \.\[1\]\}'`"),
    ):
        with pytest.raises(CorpusError, match=problem):
            read("a.json", json.dumps(value).encode())


def test_classes_of_texts_in_prodigy_are_an_error_and_not_texts_without_entities():
    common = {"text": "Ida left", "_input_hash": 1, "_task_hash": 2, "answer": "accept"}
    for own in ({"options": [{"id": "A"}], "accept": ["A"]}, {"label": "A"}):
        with pytest.raises(CorpusError, match=r"a\.jsonl:1: found the class of a text in field '(accept|label)'"):
            read("a.jsonl", lines({**common, **own}))
    assert read("a.jsonl", lines(common))[0] == ["Ida/O left/O"]


def test_ends_that_are_the_last_character_are_named():
    for at, hint in (([0, 2], "Add 1 to the ends"), ([0, 1], "Move the span")):
        with pytest.raises(CorpusError, match=hint):
            read("a.jsonl", lines({"text": "Ida left", "entities": [[*at, "PER"]]}))


HEADER = "text,id,label,annotator,annotation_id,lead_time\n"


def table_row(text, label, spans):
    cells = (
        text,
        "1",
        json.dumps(spans and [{"start": 0, "end": 3, "text": "Ida", "labels": [label]}]),
        "1",
        "2",
        "1.5",
    )
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def test_tables_of_label_studio_with_odd_cells_are_read():
    row = table_row("Ida\n[{left}], Bo", "PER,LOC", True)
    for data in (HEADER + row, "\ufeff" + HEADER + row, (HEADER + row).replace("\n", "\r\n")):
        assert read("a.csv", data.encode())[0] == ["Ida/B-PER,LOC [/O {/O left/O }/O ]/O ,/O Bo/O"]
        assert read("a.csv", data.encode(), format="label_studio_min")[0]
    assert read("a.txt", (HEADER + "It rains.,1,,1,2,1.5\n\n").encode())[0] == ["It/O rains/O ./O"]
    long = f'{HEADER}"Ida {"x " * 100_000}",1,,1,2,1.5\n'
    assert read("a.csv", long.encode(), sentences="keep")[1].tokens_in == 100_001


def test_faults_of_tables_are_errors_with_the_line_of_the_row():
    row = table_row("Ida\nleft", "PER", True)
    for data, problem in (
        (row + row.replace("}]", "}"), r"a\.csv:4: found '\[.*' in column 'label', which is not valid JSON"),
        (row + "Ida,1,2\n", r"a\.csv:4: found 3 cells, but the header has 6"),
        (row + '"Ida,1,,1,2,1\n', r"a\.csv:4: found invalid CSV"),
        (row.replace('""start"": 0', '""start"": 1'), r"a\.csv:2: found span .*, whose text in the file is 'Ida'"),
        ("", r"a\.csv: has no sentence"),
        ("Ida,1,,1,,1\n", r"a\.csv: has no sentence that somebody labelled"),
    ):
        with pytest.raises(CorpusError, match=problem):
            read("a.csv", (HEADER + data).encode())


AMBIGUOUS = {
    "label and spans": (
        {"text": "Ida left", "label": [[0, 3, "PER"]], "spans": [{"start": 0, "end": 3, "label": "LOC"}]},
        "doccano and of Prodigy, which differ in their entities. Set corpus.format to doccano or prodigy",
    ),
    "tokens and text": (
        {"text": "Ida left", "entities": [[0, 3, "PER"]], "tokens": ["Ida", "left"], "ner_tags": ["O", "O"]},
        "Set corpus.format to jsonl or hugging_face",
    ),
}


def test_a_bad_span_that_is_an_object_is_shown_as_it_is_written():
    span = {"start": "x", "end": 3, "label": "PER"}
    for field in ("entities", "spans"):
        with pytest.raises(CorpusError) as caught:
            read("a.jsonl", lines({"text": "Ida left", field: [span]}))
        assert caught.value.problem == 'found span {"start": "x", "end": 3, "label": "PER"}'
        assert caught.value.fix == "Write whole numbers as its offsets, and a text as its label."


def test_two_fields_with_equal_spans_are_read():
    objects = [{"start": 0, "end": 3, "label": "PER"}]
    for record in (
        {"entities": [[0, 3, "PER"]], "label": [[0, 3, "PER"]]},
        {"entities": [[0, 3, "PER"]], "spans": objects},
        {"entities": objects, "labels": [[0, 3, "PER"]]},
        {"label": [[0, 3, "PER"]], "spans": objects},
    ):
        assert read("a.jsonl", lines({"text": "Ida left", **record}))[0] == ["Ida/B-PER left/O"], record


def test_the_formats_that_an_error_names_read_the_file():
    record = {"text": "Ida left", "entities": [[0, 3, "PER"]], "label": [[0, 3, "LOC"]]}
    remedy = r"Set corpus\.format to jsonl, or remove the other field\."
    with pytest.raises(CorpusReadingError, match=remedy):
        read("a.jsonl", lines(record))
    assert read("a.jsonl", lines(record), format="jsonl")[0] == ["Ida/B-PER left/O"]
    with pytest.raises(CorpusError, match=r"different spans in the fields 'label' and 'entities'\. Keep one of them"):
        read("a.jsonl", lines(record), format="doccano")


def test_records_that_fit_two_tools_are_refused_with_both_names():
    for name, (record, problem) in AMBIGUOUS.items():
        for on_error in ("fail", "skip"):
            with pytest.raises(CorpusReadingError) as caught:
                read("a.jsonl", lines(record), on_error=on_error)
            assert problem in str(caught.value), name
    record = AMBIGUOUS["label and spans"][0]
    assert read("a.jsonl", lines(record), format="prodigy")[0] == ["Ida/B-LOC left/O"]


def test_a_record_of_another_tool_is_an_error_and_not_a_sentence_without_entities():
    one = {"text": "Ida left", "spans": [{"start": 0, "end": 3, "label": "PER"}], "answer": "accept"}
    other = {"text": "Bo left", "label": [[0, 2, "PER"]]}
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: found a record without the fields of Prodigy"):
        read("a.jsonl", lines(one, other))
    sentences, report = read("a.jsonl", lines(one, other, one), on_error="skip")
    assert (len(sentences), len(report.skipped)) == (2, 1)


BAD = {
    "numbers of labels": (
        {"id": 1, "text": "Ida", "annotations": [{"label": 4, "start_offset": 0, "end_offset": 3}]},
        "found numbers instead of labels",
    ),
    "text of the span": (
        {"document": "Ida and Bo", "tokens": [{"text": "Bo", "start": 0, "end": 3, "entityLabel": "PER"}]},
        "whose text in the file is 'Bo'",
    ),
    "text elsewhere": ({"textGcsUri": "gs://a/b.txt"}, "found 'textGcsUri' without the text"),
    "html": (
        {"data": {"text": "<p>Ida"}, "annotations": [
            {"result": [{"type": "hypertextlabels", "value": {"start": "/p[1]", "end": "/p[1]"}}]}
        ]},
        "whose offsets do not count characters",
    ),
    "two texts": (
        {"data": {"a": "Ida", "b": "Bo"}, "annotations": [{"result": []}]}, "found 2 texts, in the fields 'a', 'b'",
    ),
    "two jobs": (
        {"source": "Ida", "a": {"annotations": {"entities": []}}, "b": {"annotations": {"entities": []}}},
        "found the annotations of 2 jobs (a, b)",
    ),
    "outside the folder": ({"location": "../a.txt", "entities": []}, "found the location '../a.txt'"),
    "no text file": ({"location": "missing.txt", "entities": []}, "cannot read the text 'missing.txt'"),
    "two labels that become one": (
        {"text": "Ida Bo", "label": [[0, 3, "A B"], [4, 6, "A_B"]]}, "found label 'A_B'",
    ),
    "offset": ({"text": "Ida", "ents": [{"start": 0, "end": "x", "label": "PER"}]}, 'found span {"start": 0,'),
    "no list": ({"text": "Ida", "label": [[0, 3, "PER"]], "relations": 7}, "found 7 in field 'relations'"),
}  # fmt: skip


def test_records_that_a_tool_would_not_write_are_errors_with_file_and_line():
    for name, (record, problem) in BAD.items():
        with pytest.raises(CorpusError) as caught:
            read("a.jsonl", b"\n" + lines(record))
        assert str(caught.value).startswith("a.jsonl:2: "), (name, str(caught.value))
        assert problem in str(caught.value), (name, str(caught.value))


OBJECTS = {
    "ner predict": {"text": "Oslo", "label": "LOC", "start": 0, "end": 4, "score": 0.9},
    "label": {"start": 0, "end": 4, "label": "LOC"},
    "type": {"start": 0, "end": 4, "type": "LOC", "label": None},
    "Rasa": {"start": 0, "end": 4, "entity": "LOC", "value": "oslo"},
}


@pytest.mark.parametrize("entity", OBJECTS.values(), ids=OBJECTS)
def test_entities_that_are_objects_are_read(entity):
    nothing = {"text": "It rains", "entities": []}
    for record in ({"text": "Oslo is", "entities": [entity]}, {"sentence": "Oslo is", "entities": [entity]}):
        assert read("a.jsonl", lines(nothing, record))[0] == ["It/O rains/O", "Oslo/B-LOC is/O"]
        assert read("a.json", json.dumps([record, record]).encode())[0] == ["Oslo/B-LOC is/O"] * 2
    assert read("a.json", json.dumps([["Oslo is", {"entities": [entity]}]]).encode())[0] == ["Oslo/B-LOC is/O"]


def test_entities_of_a_parquet_file_are_read():
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"text": "Oslo is", "entities": [OBJECTS["ner predict"]]}, {"text": "It rains", "entities": []}]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(rows), sink)
    assert read("a.parquet", sink.getvalue().to_pybytes())[0] == ["Oslo/B-LOC is/O", "It/O rains/O"]


def test_faults_of_entities_that_are_objects_are_errors():
    for entity, problem in (
        ({"start": 0, "end": 4}, r'a\.jsonl:1: found span {"start": 0, "end": 4}\.'),
        ({"start": 0, "end": 4, "label": "LOC", "text": "is"}, "whose text in the file is 'is'"),
        ({"start": 0, "end": None, "label": "LOC"}, r'found span {"start": 0, "end": null, "label": "LOC"}'),
    ):
        with pytest.raises(CorpusError, match=problem):
            read("a.jsonl", lines({"text": "Oslo is", "entities": [entity]}))
    with pytest.raises(CorpusError, match=r"found no string in field 'text'.*`ner predict --forward` repeats it"):
        read("a.jsonl", lines({"id": 7, "entities": [OBJECTS["ner predict"]]}))


def test_answers_of_ner_predict_with_tokens_keep_these_tokens():
    entities = [OBJECTS["ner predict"]]
    tokens = {"tokens": ["Oslo", "is"], "tags": ["B-LOC", "O"], "scores": [0.9, 1.0], "starts": [0, 5], "ends": [4, 7]}
    assert read("a.jsonl", lines({"sentence": "Oslo is", "entities": entities, **tokens}))[0] == ["Oslo/B-LOC is/O"]
    assert read("a.jsonl", lines({"sentence": "Oslo is", **tokens}))[0] == ["Oslo/B-LOC is/O"]


def test_longest_span_is_kept_on_request_and_the_others_are_counted():
    record = {"text": "Bank of Oslo and Oslo", "entities": [[8, 12, "LOC"], [0, 12, "ORG"], [17, 21, "LOC"]]}
    with pytest.raises(CorpusError, match=r"found overlapping spans .* corpus\.overlaps: longest"):
        read("a.jsonl", lines(record))
    sentences, report = read("a.jsonl", lines(record), overlaps="longest")
    assert sentences == ["Bank/B-ORG of/I-ORG Oslo/I-ORG and/O Oslo/B-LOC"]
    assert (report.entities_in, report.entities_dropped) == ({"LOC": 2, "ORG": 1}, {"LOC": 1})
    assert report.repairs == {"overlapping_span": 1}
    assert report.repair_examples == ["a.jsonl:1: dropped span [8, 12, 'LOC'] 'Oslo'"]
    same = {"text": "Oslo", "entities": [[0, 4, "LOC"], [0, 4, "ORG"]]}
    assert read("a.jsonl", lines(same), overlaps="longest")[0] == ["Oslo/B-LOC"]


def test_the_same_span_twice_counts_once():
    record = {"text": "Bank of Oslo", "entities": [[0, 12, "ORG"], [0, 12, "ORG"]]}
    sentences, report = read("a.jsonl", lines(record))
    assert sentences == ["Bank/B-ORG of/I-ORG Oslo/I-ORG"]
    assert (report.entities_in, report.entities_dropped) == ({"ORG": 2}, {"ORG": 1})
    assert report.repairs == {"repeated_span": 1}
    report.check()


def test_an_answer_that_prodigy_does_not_write_is_an_error():
    record = {"text": "Oslo", "spans": [{"start": 0, "end": 4, "label": "LOC"}], "answer": "maybe"}
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found 'maybe' in field 'answer'"):
        read("a.jsonl", lines(record))


def test_json_arrays_of_one_line_name_the_number_of_a_record():
    array = b'[{"text": "Ida", "label": []}, {"text": "Bo", "label": [[0, 9, "PER"]]}]\n'
    with pytest.raises(CorpusError, match=r"^a\.json:2: "):
        read("a.json", array)


def test_json_arrays_name_the_line_of_a_record_and_of_a_syntax_error():
    array = b'[\n  {"text": "Ida",\n   "label": []},\n  {"text": "Bo",\n   "label": [[0, 9, "PER"]]}\n]\n'
    with pytest.raises(CorpusError, match=r"a\.json:4: found span \[0, 9, 'PER'\] in a text of 2"):
        read("a.json", array)
    assert read("a.json", array, on_error="skip")[1].lines == 2
    with pytest.raises(CorpusError, match=r"a\.json:4: found invalid JSON"):
        read("a.json", array.replace(b'},\n  {"text": "Bo"', b'}\n  {"text": "Bo"'))
    twice = array.replace(b'"text": "Bo",', b'"text": "Bo", "text": "Al",')
    with pytest.raises(CorpusError, match=r"a\.json:4: found the key 'text' twice"):
        read("a.json", twice)


def test_brat_annotations_are_checked(tmp_path):
    folder = tmp_path / "train"
    shutil.copytree(EXPORTS / "brat/train", folder)
    path = folder / "a.ann"
    before = path.read_text(encoding="utf-8")
    for old, new, problem in (
        ("PER 0 8", "PER 1 9", "train/a.txt:1: found span"),
        ("PER 0 8", "PER 0 800", r"a\.ann:1: found the entity 'Ida Berg' at 0 to 800 in a text of 90"),
        ("T2\tJob", "T2 Job", r"a\.ann:2: found .* expected an annotation of brat"),
    ):
        path.write_text(before.replace(old, new), encoding="utf-8")
        with pytest.raises(CorpusError, match=problem):
            read(path)
    (folder / "a.txt").unlink()
    with pytest.raises(CorpusError, match=r"a\.ann: has no text file\. Add a\.txt"):
        read(path)


def test_discontinuous_entities_are_named_and_limited(tmp_path):
    words = "".join("left x lung.\n" for _ in range(20))
    (tmp_path / "a.txt").write_text(words)
    spans = (f"T{i}\tOrgan {13 * i} {13 * i + 4};{13 * i + 7} {13 * i + 11}\tleft lung\n" for i in range(20))
    (tmp_path / "a.ann").write_text("".join(spans))
    with pytest.raises(CorpusReadingError, match=r"discontinuous_span touched 20 of 20 .*'Organ' 'left lung'"):
        read(tmp_path / "a.ann")


def test_brackets_of_conll_2012_are_checked():
    row = "a/b 0 {} {} NNP * - - - Spk1 {} -\n"
    for cells, problem in (
        (("(PER*", "*"), r"a\.conll:2: found the entity 'PER' without its closing bracket"),
        (("(PER*", "(ORG)"), r"a\.conll:2: found .* expected brackets"),
        (("*)", "*"), r"a\.conll:1: found .* expected brackets"),
    ):
        data = "".join(row.format(i, f"w{i}", cell) for i, cell in enumerate(cells)).encode()
        with pytest.raises(CorpusError, match=problem):
            read("a.conll", data)


def read_or_refuse(name, content):
    """Reads a file, whose account then adds up, or checks that its error names it."""
    report, error = IngestReport(), None
    try:
        list(read_corpus_file(name, corpus_settings(), report, content))
    except CorpusError as refusal:
        error = refusal
    if error is None:
        report.check()
    else:
        assert name in str(error)


BINARY = ("spacy/docbin_v3.spacy", "hugging_face/hub/data/train-00000-of-00001.parquet",
          "hugging_face/saved/test/data-00000-of-00001.arrow")  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_binary_files_are_errors_and_never_lose_a_record(name, data):
    content = (EXPORTS / name).read_bytes()
    damaged = bytearray(content[: data.draw(st.integers(4, len(content)))])
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(name, bytes(damaged))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_messages_of_spacy_are_errors(data):
    message = bytearray(zlib.decompress((EXPORTS / "spacy/docbin_v3.spacy").read_bytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse("a.spacy", zlib.compress(bytes(message)))


@pytest.mark.parametrize("header", ["sentence,spans", "Text,Labels", "Sentence,Entities"])
@pytest.mark.parametrize("write", [str, json.dumps], ids=["pandas", "json"])
def test_a_table_of_sentences_with_lists_of_spans_is_read_whatever_the_case_of_its_header(header, write):
    lists = [[{"start": 0, "end": 3, "label": "PER"}], []]
    cells = [header.split(","), *zip(("Ida left", "Nobody left"), map(write, lists), strict=True)]
    table = io.StringIO()
    csv.writer(table).writerows(cells)
    sentences, _ = read("train.csv", table.getvalue().encode())
    assert sentences == ["Ida/B-PER left/O", "Nobody/O left/O"]
