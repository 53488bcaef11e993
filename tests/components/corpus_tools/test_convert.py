"""Conversion of files and folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.repository import ROOT
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_tools.convert import convert, usual_format
from components.corpus_tools.reading import corpus_parts, read_corpus
from components.corpus_tools.split import split
from components.corpus_tools.writing import Output

EXPORTS = ROOT / "tests/data/exports"
ROW = "Oslo\tB-LOC\nwins\tO\n\n"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "export",
    ["doccano/sequence_labeling_1_8.jsonl", "prodigy/ner_manual.jsonl", "label_studio/json.json", "columns/gmb.csv",
     "spacy/docbin_v3.spacy", "brat/train/a.ann", "hugging_face/json_lines/train.jsonl", "columns/plus.conllup"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["conll", "jsonl"])
def test_exports_of_tools_become_files_that_read_equally(export: str, name: str, tmp_path: Path) -> None:
    settings = corpus_settings(overlaps="longest")
    convert(EXPORTS / export, Output(tmp_path / f"out.{name}", name), settings)
    source = [one.content for one in read_corpus(EXPORTS / export, settings)]
    assert [one.content for one in read_corpus(tmp_path / f"out.{name}", corpus_settings())] == source


def test_a_folder_keeps_its_splits_and_spans(tmp_path: Path) -> None:
    for name in ("span-1/train.conll", "span-2/train.conll", "span-2/testa.conll"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(ROW)
    convert(tmp_path / "in", Output(tmp_path / "out", "jsonl"), corpus_settings())
    assert files(tmp_path / "out") == ["span-1/train.jsonl", "span-2/dev.jsonl", "span-2/train.jsonl"]


@pytest.mark.parametrize("name", ["hf", "brat"])
def test_each_span_reads_alone(name: str, tmp_path: Path) -> None:
    for span in ("span-1", "span-2"):
        (tmp_path / "in" / span).mkdir(parents=True)
        (tmp_path / "in" / span / "train.conll").write_text(ROW)
    convert(tmp_path / "in", Output(tmp_path / "out", name), corpus_settings())
    assert [one.tags for one in read_corpus(tmp_path / "out/span-2", corpus_settings())] == [("B-LOC", "O")]


def test_undivided_files_stay_files_and_documents_of_brat_become_one(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.conll", "b.conll"):
        (tmp_path / "in" / name).write_text(ROW)
    convert(tmp_path / "in", Output(tmp_path / "brat", "brat"), corpus_settings())
    assert files(tmp_path / "brat") == ["00001.ann", "00001.txt", "00002.ann", "00002.txt", "annotation.conf"]
    (part,) = corpus_parts(tmp_path / "brat", corpus_settings())
    assert (part.name, len(part.files)) == ("brat", 2)


def docstart(count: int) -> str:
    return "".join(f"-DOCSTART- -X- O\n\nOslo\tB-LOC\na{number}\tO\n\n" for number in range(count))


def test_documents_without_a_name_are_numbered_if_they_are_many(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text(docstart(30))
    convert(tmp_path / "train.conll", Output(tmp_path / "out.conll", "conll"), corpus_settings())
    text = (tmp_path / "out.conll").read_text()
    assert text.startswith("# newdoc id = train-1\nOslo\tB-LOC\na0\tO\n\n# newdoc id = train-2\n")
    assert text.count("newdoc") == 30
    division = split(read_corpus(tmp_path / "train.conll", corpus_settings()), {"train": 0.5, "test": 0.5}, seed=0)
    assert division.documents == 30


@pytest.mark.parametrize(
    ("text", "notes"),
    [(docstart(2), ["train.conll: 2 documents without a name, fewer than 30: their bounds are not kept"]),
     (f"# newdoc id = a\n{ROW}", [])],
)  # fmt: skip
def test_lost_bounds_of_documents_are_noted(text: str, notes: list[str], tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text(text)
    report = IngestReport()
    [part] = corpus_parts(tmp_path / "train.conll", corpus_settings())
    assert list(part.sentences(corpus_settings(), report))
    assert [note.partition(". Name")[0] for note in report.notes] == notes


def test_columns_without_texts_stay_columns(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("do\tO\nn't\tO\n\n")
    (tmp_path / "b.jsonl").write_text('{"text": "I don\'t.", "entities": []}\n')
    (tmp_path / "c.conllu").write_text("# text = don't\ndo\tO\nn't\tO\n\n")
    formats = {name: usual_format(tmp_path / name, corpus_settings()) for name in ("a.conll", "b.jsonl", "c.conllu")}
    assert formats == {"a.conll": "conll", "b.jsonl": "jsonl", "c.conllu": "conll"}


def test_the_text_of_a_comment_comes_back(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Oslo,  Peru.", "entities": [[0, 4, "LOC"]]}\n')
    convert(tmp_path / "a.jsonl", Output(tmp_path / "b.conll", "conll"), corpus_settings())
    convert(tmp_path / "b.conll", Output(tmp_path / "c.jsonl", "jsonl"), corpus_settings())
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_no_tensorflow_and_no_tfx_is_imported() -> None:
    code = (
        "import sys, components.corpus_tools.convert; "
        "print([name for name in ('tensorflow', 'tfx', 'apache_beam', 'pyarrow') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("name", ["conll", "jsonl", "doccano", "prodigy", "label-studio"])
def test_names_before_a_korean_particle_keep_their_text(name: str, tmp_path: Path) -> None:
    """The text has spaces; the end of a name has none. A file of tokens has syllables, the others the text."""
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "문재인은 서울에서 웃었다.", "entities": [[0, 3, "PER"], [5, 7, "LOC"]]}\n')
    written = tmp_path / ("out.conll" if name == "conll" else "out.json" if name == "label-studio" else "out.jsonl")
    convert(source, Output(written, name), corpus_settings())
    for path in (source, written):
        [sentence] = read_corpus(path, corpus_settings())
        assert [sentence.text[one.start : one.end] for one in sentence.entities] == ["문재인", "서울"], path
        assert name == "conll" or sentence.text == "문재인은 서울에서 웃었다."
