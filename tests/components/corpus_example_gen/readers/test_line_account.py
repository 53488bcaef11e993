"""Every line of a column file is accounted for, or an error names its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.column_files import column_files, count_lines
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file

options = st.fixed_dictionaries(
    {"on_error": st.sampled_from(["fail", "skip"]), "scheme": st.sampled_from(["auto", "io"])},
    optional={"token_column": st.integers(0, 2), "outside": st.just("_")},
)


def check(data, changes):
    report = IngestReport()
    try:
        sentences = list(read_corpus_file("a.tsv", corpus_settings(format="columns", **changes), report, data))
    except CorpusError:
        return  # any other exception fails the test
    kinds = report.line_kinds
    assert report.lines == kinds.total() == count_lines(data)
    if not report.files_skipped:
        assert kinds["token"] == report.tokens_in
        assert kinds["unread"] == 0
        kept = sum(len(sentence.tokens) for sentence in sentences)
        assert kept == kinds["token"] + report.tokens_added - report.tokens_dropped - report.tokens_skipped


@settings(deadline=None, max_examples=60)
@given(column_files(), options)
def test_lines_add_up_or_an_error_names_the_place(data, changes):
    check(data, changes)


@pytest.mark.extended
@settings(deadline=None, max_examples=2000)
@given(column_files(), options)
def test_lines_of_many_files_add_up_or_an_error_names_the_place(data, changes):
    check(data, changes)
