"""Suggestions for annotation tools, read back as corpora once a person has corrected them."""

from __future__ import annotations

import json

import pytest
from support.settings import corpus_settings
from support.spotter import Spotter

from components.corpus_example_gen.labelled_data import LabelledData
from components.corpus_tools.writing import Output, write_corpus
from components.serving.batch_prediction.rows import Row
from components.suggestions.ranking import LeftOut, Suggestion
from components.suggestions.search import SearchResult
from components.suggestions.uncertainty import Uncertainty

TEXTS = ["😀 Ida met Zoë in Rome.", "it rains"]


def suggestions():
    rows = [Row(number, text, {"id": f'"k{number}"'}, b"") for number, text in enumerate(TEXTS, 1)]
    tagged = Spotter({"Rome": 0.5}).tag(TEXTS)
    return [
        Suggestion(row, each, Uncertainty(0.25, 0.5 if row.number == 1 else None))
        for row, each in zip(rows, tagged, strict=True)
    ]


@pytest.fixture
def records(tmp_path):
    """Returns a function: tool -> records of its file, as JSON values."""

    def read(tool):
        path = tmp_path / f"tasks.{tool}"
        result = SearchResult(suggestions(), rows=2, bad=0, first_bad=None, left_out=LeftOut(), seconds=1.0)
        write_corpus(result.sentences(), Output(path, tool, suggestions="models:/ner/3"))
        content = path.read_text(encoding="utf-8")
        return json.loads(content) if tool == "label-studio" else [json.loads(line) for line in content.splitlines()]

    return read


def returned(tool, exported):
    """Returns the export of a tool in which a person made Rome a LOC and accepted the rest.

    Exports hold more fields; tests/components/corpus_example_gen/readers/test_exports.py reads those of the tools.
    """
    for record in exported:
        if tool == "prodigy":
            record["answer"] = "accept"
        if tool == "label-studio":
            (prediction,) = record["predictions"]
            record["annotations"] = [{"result": prediction["result"], "was_cancelled": False}]
    content = json.dumps(exported, ensure_ascii=False)
    content = content.replace('[17, 21, "X"]', '[17, 21, "LOC"]')
    content = content.replace('"token_end": 5, "label": "X"', '"token_end": 5, "label": "LOC"')
    content = content.replace('"text": "Rome", "labels": ["X"]', '"text": "Rome", "labels": ["LOC"]')
    return content if tool == "label-studio" else "".join(f"{json.dumps(each)}\n" for each in json.loads(content))


def entities(path):
    data = LabelledData(path, corpus_settings())
    return [
        [(token, tag) for token, tag in zip(each.sentence.tokens, each.sentence.tags, strict=True) if tag != "O"]
        for each in data.sentences()
    ]


@pytest.mark.parametrize("tool", ["doccano", "prodigy", "label-studio", "jsonl"])
def test_corrected_suggestions_come_back_as_labels(tool, records, tmp_path):
    path = tmp_path / ("export.json" if tool == "label-studio" else "export.jsonl")
    path.write_text(returned(tool, records(tool)), encoding="utf-8")
    assert entities(path) == [[("Ida", "B-X"), ("Zoë", "B-X"), ("Rome", "B-LOC")], []]


def test_label_studio_gets_predictions_with_offsets_in_characters_as_its_editor_counts(records):
    task = records("label-studio")[0]
    (prediction,) = task["predictions"]
    assert task["data"] == {"text": TEXTS[0], "id": "k1", "row": "1", "uncertainty": "0.2500", "disagreement": "0.5000"}
    assert (prediction["model_version"], prediction["score"]) == ("models:/ner/3", 0.5)
    assert prediction["result"][2]["value"] == {"start": 17, "end": 21, "text": "Rome", "labels": ["X"]}
    assert prediction["result"][2]["score"] == 0.5
    assert task["annotations"] == []


def test_prodigy_gets_tasks_without_an_answer(records):
    task = records("prodigy")[0]
    assert "answer" not in task
    assert task["spans"][2]["score"] == 0.5
    assert task["meta"] == {"id": "k1", "row": "1", "uncertainty": "0.2500", "disagreement": "0.5000"}
