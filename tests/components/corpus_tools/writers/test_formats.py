"""Each format, written and read back by the readers of CorpusExampleGen."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError
from components.corpus_tools.reading import read_corpus
from components.corpus_tools.sentence import AnnotatedSentence, Entity
from components.corpus_tools.writers.formats import FORMATS, make_writer
from components.corpus_tools.writing import Output, write_corpus, write_parts

# Pieces of a text: what formats, JavaScript and regular expressions often get wrong.
PIECES = (
    "Oslo", "Peru", "d'Arc", "U.S.", "x", "7", "😀", "👩‍👩‍👧", "𝒜b", "é", "र्यि", "שלום", "مرحبا‎", "王伟", '"', '""',
    "'", ",", ";", "#", "#tag", "-DOCSTART", "\\", "\\n", "\\t", "{", "[]", "%s", "<b>", "&amp;", "|", "=", "O", "-",
    "B-PER", "...", "null", "​a", "\ufffd",
)  # fmt: skip
GAPS = (" ", " ", " ", "  ", "\t", "\n", "\r\n", "\n\n ", "\u00a0", "\u2028", "\x85")
TYPES = ("PER", "LOC", "creative-work", "型")
FILES = [(name, f"corpus.{writer.extension}") for name, writer in FORMATS.items() if hasattr(writer, "extension")]
FILES = [(name, file.rstrip(".")) for name, file in FILES] + [("hf", "corpus.parquet"), ("spacy", "corpus.json")]
KEEP_TEXT = {"jsonl", "hf", "doccano", "prodigy", "label-studio", "corpus.spacy"}


def odd_sentences(seed: int, count: int = 40) -> list[AnnotatedSentence]:
    """Returns sentences with odd characters; entities at the ends, next to each other, over line ends."""
    random_ = random.Random(seed)
    sentences = []
    for number in range(count):
        text, edges = random_.choice(["", "", " ", "\n"]), []
        for i in range(random_.randint(1, 8)):
            text += random_.choice(GAPS) if i else ""
            start = len(text)
            text += random_.choice(PIECES)
            edges.append((start, len(text)))
        text += random_.choice(["", "", " ", "\n"])
        entities, at = [], 0
        while at < len(edges):
            if random_.random() < 0.5:
                last = min(len(edges) - 1, at + random_.choice((0, 0, 1, 2)))
                entities.append(Entity(edges[at][0], edges[last][1], random_.choice(TYPES)))
                at = last
            at += 1
        metadata = {"topic": "a = b", "odd name": "x\ty"} if number % 3 else {}
        sentences.append(AnnotatedSentence.of_text(text, entities, key=f"k{number}", metadata=metadata))
    return sentences


def read(path: Path) -> list[AnnotatedSentence]:
    return list(read_corpus(path, corpus_settings(offsets="characters", min_raw_text_survival=0.0)))


@pytest.mark.parametrize(("name", "file"), FILES)
@pytest.mark.parametrize("seed", range(2))
def test_odd_texts_read_back_equal(name: str, file: str, seed: int, tmp_path: Path) -> None:
    sentences = odd_sentences(seed)

    written = write_corpus(sentences, Output(tmp_path / file, name), corpus_settings())

    back = read(tmp_path / file)
    assert [(one.words, one.tags) for one in back] == [(one.words, one.tags) for one in sentences]
    assert written.counts == {str(tmp_path / file): len(sentences)}
    assert written.recut == 0
    assert [one.content for one in back] == [one.content for one in sentences]
    if name in KEEP_TEXT or file in KEEP_TEXT:
        assert [one.text for one in back] == [one.text for one in sentences]
    if name not in ("brat", "spacy"):
        assert [one.key for one in back] == [one.key for one in sentences]
    if name == "brat":  # a line a sentence
        assert [one.text for one in back] == [one.with_flat_text().text for one in sentences]
    if name == "conll":
        assert [one.text for one in back] == [one.with_flat_text().text.strip() for one in sentences]


@pytest.mark.parametrize(("name", "file"), FILES)
def test_tokens_without_a_text_keep_their_entities(name: str, file: str, tmp_path: Path) -> None:
    tokens = ["(Oslo)-", "do", "n't", "#", "U.S", ".", "王", "伟"]
    tags = ["B-LOC", "O", "B-PER", "I-PER", "B-PER", "O", "B-PER", "I-PER"]
    sentence = AnnotatedSentence.of_tokens(tokens, tags)

    written = write_corpus([sentence], Output(tmp_path / file, name), corpus_settings())

    (back,) = read(tmp_path / file)
    assert back.content == sentence.content
    exact = file in ("corpus.conll", "corpus.jsonl", "corpus.parquet", "corpus.json") and name in (
        "conll",
        "hf",
        "spacy",
    )
    assert (back.words == sentence.words) == exact
    assert written.recut == (not exact)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_an_entity_inside_a_word_becomes_readable(name: str, file: str, tmp_path: Path) -> None:
    sentence = AnnotatedSentence.of_tokens(["Oslo", "fjord"], ["B-LOC", "O"], "Oslofjord")

    written = write_corpus([sentence], Output(tmp_path / file, name), corpus_settings())

    assert read(tmp_path / file)[0].content == sentence.content
    by_tokens = name in ("conll", "hf") or (file == "corpus.json" and name == "spacy")
    assert any("spaces between them" in what for what in written.lost) == (not by_tokens)


def test_an_entity_in_a_script_without_spaces_ends_at_a_character(tmp_path: Path) -> None:
    sentence = AnnotatedSentence.of_tokens(["王伟", "来"], ["B-PER", "O"], "王伟来")
    written = write_corpus([sentence], Output(tmp_path / "corpus.jsonl", "jsonl"), corpus_settings())
    assert (read(tmp_path / "corpus.jsonl")[0].content, [*written.lost]) == (sentence.content, [])


def test_a_reader_of_javascript_finds_no_other_span(tmp_path: Path) -> None:
    """Offsets count code points: the reader of each tool finds the unit by itself."""
    for name in ("jsonl", "doccano", "prodigy", "label-studio"):
        sentences = [AnnotatedSentence.of_text("😀 Ida saw 𝒜 Rome", [Entity(2, 5, "PER"), Entity(12, 16, "LOC")])]
        path = tmp_path / f"{name}.json"
        write_corpus(sentences, Output(path, name), corpus_settings())
        (back,) = read_corpus(path, corpus_settings())
        assert [back.text[start:end] for start, end, *_ in back.entities] == ["Ida", "Rome"]


def test_tokens_without_spaces_are_joined_as_people_write_them(tmp_path: Path) -> None:
    sentence = AnnotatedSentence.of_tokens(["王伟", "在", "NATO", "。"], ["B-PER", "O", "B-ORG", "O"])
    write_corpus([sentence], Output(tmp_path / "a.jsonl", "jsonl"), corpus_settings())
    (back,) = read(tmp_path / "a.jsonl")
    assert (back.text, back.content) == ("王伟在 NATO 。", sentence.content)


def test_an_output_whose_offsets_nothing_decides_says_how_to_read_it(tmp_path: Path) -> None:
    flag = AnnotatedSentence.of_text("x 🇳🇴", [Entity(0, 4, "X")])  # four units of UTF-16 end within the flag
    written = write_corpus([flag], Output(tmp_path / "a.jsonl", "jsonl"), corpus_settings())
    assert written.notes == [
        f"{tmp_path / 'a.jsonl'}: to read it, set corpus.offsets to characters; no text decides it"
    ]
    written = write_corpus([flag], Output(tmp_path / "a.spacy", "spacy"), corpus_settings())
    assert written.notes == []
    assert [one.content for one in read_corpus(tmp_path / "a.spacy", corpus_settings())] == [flag.content]


def test_columns_keep_documents_ids_and_metadata(tmp_path: Path) -> None:
    metadata: list[dict[str, str]] = [
        {"newdoc id": "a", "genre": "blog"},
        {"newdoc id": "a"},
        {},
        {"newdoc id": "b"},
    ]
    sentences = [
        AnnotatedSentence.of_tokens(["Oslo"], ["B-LOC"], key=f"s{i}", metadata=own) for i, own in enumerate(metadata)
    ]
    written = write_corpus(sentences, Output(tmp_path / "a.conll", "conll"), corpus_settings())
    assert [(one.key, dict(one.metadata)) for one in read(tmp_path / "a.conll")] == [
        (f"s{i}", own) for i, own in enumerate(metadata)
    ]
    assert not written.losses()


def test_a_folder_of_hugging_face_names_its_numbers_and_has_equal_columns(tmp_path: Path) -> None:
    one = AnnotatedSentence.of_tokens(["Oslo"], ["B-LOC"], key="a", metadata={"topic": "x"})
    other = AnnotatedSentence.of_tokens(["Ida", "B"], ["B-PER", "I-PER"])

    write_parts({"train": [one], "dev": [other]}, Output(tmp_path / "out", "hf"), corpus_settings())

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md",
        "train.jsonl",
        "validation.jsonl",
    ]
    records = [json.loads(path.read_text()) for path in sorted((tmp_path / "out").glob("*.jsonl"))]
    assert records == [
        {"id": "a", "topic": "x", "tokens": ["Oslo"], "ner_tags": [1]},
        {"id": None, "topic": None, "tokens": ["Ida", "B"], "ner_tags": [3, 4]},
    ]
    assert [back.tags for back in read(tmp_path / "out")] == [("B-LOC",), ("B-PER", "I-PER")]


def test_the_outside_tag_stays_as_written(tmp_path: Path) -> None:
    sentences = [AnnotatedSentence.of_tokens(["in", "Oslo"], ["OUT", "B-LOC"])]
    write_parts({"train": sentences}, Output(tmp_path / "out", "hf"), corpus_settings())
    assert json.loads((tmp_path / "out/train.jsonl").read_text())["ner_tags"] == [0, 1]
    assert [one.tags for one in read(tmp_path / "out")] == [("OUT", "B-LOC")]
    write_corpus(sentences, Output(tmp_path / "a.conll", "conll"), corpus_settings())
    assert (tmp_path / "a.conll").read_text() == "in\tOUT\nOslo\tB-LOC\n\n"


def test_brat_has_a_file_a_document_and_the_types(tmp_path: Path) -> None:
    sentences = [
        AnnotatedSentence.of_tokens(["Oslo"], ["B-LOC"], metadata={"document": name}) for name in ("a/b", "a/b", "c")
    ]
    write_corpus(sentences, Output(tmp_path / "out", "brat"), corpus_settings())
    names = ["00001-a_b.ann", "00001-a_b.txt", "00002-c.ann", "00002-c.txt", "annotation.conf"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert (tmp_path / "out/00001-a_b.ann").read_text() == "T1\tLOC 0 4\tOslo\nT2\tLOC 5 9\tOslo\n"
    assert "[entities]\nLOC\n" in (tmp_path / "out/annotation.conf").read_text()
    assert [back.document for back in read(tmp_path / "out")] == ["00001-a_b", "00001-a_b", "00002-c"]


def suggested(name: str, tmp_path: Path) -> Any:
    sentence = AnnotatedSentence.of_text("Ida!", [Entity(0, 3, "PER", 0.75)], key="k")
    written = write_corpus([sentence], Output(tmp_path / name, name, suggestions="ner-3"))
    return written, json.loads((tmp_path / name).read_text())


def test_suggestions_are_predictions_and_have_scores(tmp_path: Path) -> None:
    written, (task,) = suggested("label-studio", tmp_path)
    assert (task["annotations"], task["data"]) == ([], {"text": "Ida!", "id": "k"})
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"], prediction["result"][0]["score"]) == ("ner-3", 0.75, 0.75)
    assert not written.lost

    _, record = suggested("prodigy", tmp_path)
    span = {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PER", "source": "ner-3", "score": 0.75}
    assert (record["spans"], "answer" in record) == ([span], False)

    written, record = suggested("doccano", tmp_path)
    assert record == {"id": "k", "text": "Ida!", "label": [[0, 3, "PER"]]}
    assert written.losses() == "not kept (number of sentences): scores: 1"


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(NerError, match=r"^--to 'bio': unknown format\. Use one of conll, jsonl, hf, "):
        make_writer("bio", Path("x"), alone=True)
