"""Reports and errors leave the workers as files."""

from __future__ import annotations

import contextlib

import pytest

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError


@pytest.fixture
def folder(tmp_path):
    from components.corpus_example_gen.cleaning.report_folder import ReportFolder

    folder = ReportFolder(str(tmp_path / "ingest"))
    folder.make()
    return folder


def test_reports_and_errors_are_sorted_by_source(folder, tmp_path):
    for source in ("span-1/b.tsv", "a.tsv"):
        report = IngestReport(files=[source])
        report.repair("split_token", source, 1, "é")
        folder.write_report(source, report)
        folder.write_error(source, CorpusError(source, 3, "found é", "Do y."))
    assert list(folder.reports()) == ["a.tsv", "span-1/b.tsv"]
    assert folder.reports()["a.tsv"].repair_examples == ["a.tsv:1: é"]
    assert [str(error) for error in folder.errors()] == ["a.tsv:3: found é. Do y.", "span-1/b.tsv:3: found é. Do y."]
    assert not list(tmp_path.rglob("*.tmp"))


def test_retried_worker_rewrites_its_file_and_make_empties_the_folder(folder):
    for count in (1, 2):
        folder.write_report("a.tsv", IngestReport(sentences_in=count))
    assert folder.reports() == {"a.tsv": IngestReport(sentences_in=2)}
    folder.make()
    assert folder.reports() == {}
    assert folder.errors() == []


def test_places_of_keys_are_found_in_all_files(folder):
    for source, lines in {"a.conll": {"s1": 3, "é\t": 9}, "b.conll": {"s1": 4}}.items():
        with folder.lines_of(source) as write:
            for name, line in lines.items():
                write(f"{source}:{name}", line)
    assert folder.places(["a.conll:s1", "b.conll:s1", "a.conll:é\t", "a.conll:other", "other"]) == {
        "a.conll:s1": "a.conll:3", "b.conll:s1": "b.conll:4", "a.conll:é\t": "a.conll:9",
    }  # fmt: skip
    assert folder.reports() == {}


def test_a_file_that_an_error_ended_has_no_lines(folder, tmp_path):
    with contextlib.suppress(CorpusError), folder.lines_of("a.conll") as write:
        write("a.conll:s1", 3)
        raise CorpusError("a.conll", 4, "found é", "Do y.")
    assert folder.places(["a.conll:s1"]) == {}
    assert not list(tmp_path.rglob("lines-*"))
