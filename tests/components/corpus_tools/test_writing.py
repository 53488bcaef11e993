"""Places of outputs: nothing is overwritten, nothing is left half written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError
from components.common.progress import progress_to
from components.corpus_tools.sentence import AnnotatedSentence
from components.corpus_tools.writing import STREAM, Output, write_corpus, write_parts

OSLO = AnnotatedSentence.of_tokens(["Oslo"], ["B-LOC"])


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("mine")
    with pytest.raises(NerError, match=r"a\.jsonl: the file exists\. Give another name, or replace it with --force\.$"):
        write_corpus([OSLO], Output(path, "jsonl"))
    assert path.read_text() == "mine"
    write_corpus([OSLO], Output(path, "jsonl", force=True))
    assert path.read_text() == '{"text": "Oslo", "entities": [[0, 4, "LOC"]]}\n'


def test_a_folder_with_files_needs_force_and_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("notes.txt", "train.conll"):
        (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(NerError, match=r"out: the folder is not empty\."):
        write_parts({"train": [OSLO]}, Output(tmp_path / "out", "conll"))
    write_parts({"train": [OSLO]}, Output(tmp_path / "out", "conll", force=True))
    assert (tmp_path / "out/notes.txt").read_text() == "mine"
    assert (tmp_path / "out/train.conll").read_text() == "Oslo\tB-LOC\n\n"


@pytest.mark.parametrize("place", ["corpus", "corpus/new.conll", ".", "corpus/../corpus"])
def test_an_output_in_or_around_the_input_is_refused_also_with_force(place: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    with pytest.raises(NerError, match=r": is, holds or lies in the input .*\. Give a path outside of it\.$"):
        Output(tmp_path / place, "conll", force=True).check([tmp_path / "corpus"])


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def sentences() -> Iterator[AnnotatedSentence]:
        yield OSLO
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        write_corpus(sentences(), Output(tmp_path / "a.conll", "conll"))
    with pytest.raises(RuntimeError, match="broken"):
        write_parts({"train": sentences()}, Output(tmp_path / "out", "brat"))
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_cannot_hold_a_sentence_stops_before_anything_is_written(tmp_path: Path) -> None:
    bell = AnnotatedSentence.of_tokens(["Oslo\a"], ["B-LOC"])
    with pytest.raises(
        NerError, match=r"a\.conll \(columns \(CoNLL\)\): cannot be read back.*Nothing was written\. Use another format"
    ):
        write_corpus([bell], Output(tmp_path / "a.conll", "conll"), corpus_settings())
    assert list(tmp_path.iterdir()) == []


def test_a_sentence_that_reads_back_differently_is_named(tmp_path: Path) -> None:
    mark = AnnotatedSentence.of_tokens(["\ufeffOslo"], ["B-LOC"])  # the first character of a file is a byte order mark
    with pytest.raises(NerError, match=r"sentence 1 reads back as 'Oslo' with 1 entities, which differs"):
        write_corpus([mark], Output(tmp_path / "a.conll", "conll"), corpus_settings())


def test_long_work_reports_its_progress(tmp_path: Path) -> None:
    reports: list[tuple[str, int]] = []
    with progress_to(lambda work, done, total, steady: reports.append((work, done))):
        write_corpus([OSLO] * 2500, Output(tmp_path / "a.jsonl", "jsonl"))
    assert reports == [("sentences written", 1000), ("sentences written", 2000)]


def test_a_compressed_output_is_refused() -> None:
    with pytest.raises(NerError, match=r"^a\.conll\.gz: compressed files are not written\. Leave out \.gz,"):
        write_corpus([OSLO], Output(Path("a.conll.gz"), "conll"))


def test_an_id_that_occurs_twice_is_left_out_and_counted(tmp_path: Path) -> None:
    one = AnnotatedSentence.of_tokens(["Oslo"], ["B-LOC"], key="a")
    written = write_corpus([one, one], Output(tmp_path / "a.jsonl", "jsonl"), corpus_settings())
    assert written.losses() == "not kept (number of sentences): ids: 1"


def test_a_single_file_goes_to_a_stream_and_a_folder_does_not(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_corpus([OSLO], Output(STREAM, "conll"), corpus_settings())
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"Oslo\tB-LOC\n\n"
    with pytest.raises(NerError, match="Give the name of a folder"):
        write_corpus([OSLO], Output(STREAM, "brat"))
    with pytest.raises(NerError, match="Give a folder"):
        write_parts({"train": [OSLO]}, Output(STREAM, "conll"))


def test_a_pipe_gets_the_file(tmp_path: Path) -> None:
    write_corpus([OSLO], Output(Path(os.devnull), "conll"), corpus_settings())
    assert not Path(os.devnull).is_file()


def test_file_and_folder_are_not_mixed_up(tmp_path: Path) -> None:
    with pytest.raises(NerError, match=r"is a folder, but the output is one file. Give the name of a file, such as"):
        write_corpus([OSLO], Output(tmp_path, "conll", force=True))
    (tmp_path / "a").write_text("mine")
    with pytest.raises(NerError, match="Give the name of a folder"):
        write_parts({"train": [OSLO]}, Output(tmp_path / "a", "conll", force=True))
