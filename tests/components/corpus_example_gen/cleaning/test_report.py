"""The ingest report adds up, merges, and survives JSON."""

from __future__ import annotations

from collections import Counter

import pytest

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError


def filled(path="a.conll"):
    report = IngestReport(files=[path], documents=1, sentences_in=4, sentences_out=2, sentences_dropped=1)
    report.tokens_in, report.tokens_added, report.tokens_dropped, report.tokens_out = 20, 2, 3, 12
    report.entities_in.update(PER=3, LOC=1)
    report.entities_out.update(PER=1, LOC=1)
    report.entities_dropped.update(PER=1)
    report.repair("empty_token", path, 7, "empty token dropped")
    report.skip_sentence(CorpusError(path, 9, "found x", "Do y."), 7, {"PER": 1})
    return report


def test_complete_counts_pass():
    filled().check()


def test_missing_sentence_or_token_is_a_defect():
    for field in ("sentences_in", "sentences_skipped", "tokens_out", "tokens_added", "tokens_dropped"):
        report = filled()
        setattr(report, field, getattr(report, field) + 1)
        with pytest.raises(RuntimeError, match=r"a\.conll: \d+ (sentences|tokens) in, but \d+ accounted for"):
            report.check()


def test_missing_entity_is_a_defect():
    report = filled()
    report.entities_out["PER"] -= 1
    with pytest.raises(RuntimeError, match="3 entities of type PER in, but 2 accounted for"):
        report.check()


def test_merge_adds_and_does_not_change_its_parts():
    one, other = filled("a.conll"), filled("b.conll")
    total = IngestReport.merge([one, other])
    total.check()
    assert total.files == ["a.conll", "b.conll"]
    assert (total.sentences_in, total.tokens_out, total.entities_in["PER"], total.repaired) == (8, 24, 6, 2)
    assert total.skipped == one.skipped + other.skipped
    assert one == filled("a.conll")


def test_merge_of_none_is_empty():
    assert IngestReport.merge([]) == IngestReport()


def test_list_of_repairs_is_truncated_and_counts_are_not():
    report = IngestReport()
    for line in range(1, 101):
        report.repair("split_token", "a.conll", line, "split")
    assert report.repairs == {"split_token": 100}
    assert report.repair_examples[-1] == "a.conll:20: split"
    assert len(IngestReport.merge([report, report]).repair_examples) == 20


def test_everything_skipped_is_listed():
    report = IngestReport()
    for line in range(1, 101):
        report.skip_sentence(CorpusError("a.conll", line, "found x", "Do y."), 1, {})
    report.skip_file(CorpusError("b.conll", None, "has no sentence", "Do y."))
    assert len(report.skipped) == report.total_skipped == 101


def test_json_round_trip_keeps_all_and_types():
    again = IngestReport.from_json(filled().to_json())
    assert again == filled()
    assert isinstance(again.repairs, Counter)
    assert again.repairs["never seen"] == 0


def test_short_json_truncates_lists_only():
    report = filled()
    report.skipped *= 50
    again = IngestReport.from_json(report.to_json(longest_list=20))
    assert len(again.skipped) == 20
    assert again.sentences_skipped == report.sentences_skipped


def test_summary_is_one_line_with_in_and_out():
    assert filled().summary() == (
        "sentences 4 in, 2 out; tokens 20 in, 12 out; entities 4 in, 2 out; by type LOC 1, PER 1; documents 1; "
        "repaired empty_token 1; skipped 1 sentence, 0 files"
    )


def repaired(touched, sentences, per_sentence=1, kind="empty_token"):
    report = IngestReport(files=["a.conll"])
    for number in range(1, sentences + 1):
        report.sentences_in = number
        for _ in range(per_sentence if number <= touched else 0):
            report.repair(kind, "a.conll", number, "dropped empty token ''")
    return report


@pytest.mark.parametrize(
    ("touched", "sentences", "per_sentence", "stops"),
    [
        (6, 100, 1, True),
        (5, 100, 1, False),
        (3, 10, 1, True),
        (2, 10, 1, False),
        (1, 1, 9, False),
        (1, 1, 10, True),
        (2, 300, 50, False),
    ],
)
def test_repair_of_too_many_sentences_stops_with_examples(touched, sentences, per_sentence, stops):
    report = repaired(touched, sentences, per_sentence)
    if not stops:
        report.check_repairs(0.05)
        return
    with pytest.raises(CorpusReadingError) as caught:
        report.check_repairs(0.05)
    text = str(caught.value)
    assert text.startswith(f"a.conll: the repair empty_token touched {touched} of {sentences} sentences (")
    assert "more than corpus.max_repaired (5 %). First: a.conll:1: dropped empty token ''; a.conll:" in text
    assert text.count("dropped empty token") == 3
    assert "Check which column holds the tokens (corpus.token_column). If all of them are read as intended" in text
    report.check_repairs(1.0)


def test_repairs_that_the_format_or_the_settings_ask_for_have_no_limit():
    for kind in ("dropped_type", "extra_row", "stripped_tag", "stripped_token"):
        repaired(100, 100, kind=kind).check_repairs(0.0)


def test_limit_counts_all_files_together():
    with pytest.raises(CorpusReadingError, match="10 files: the repair empty_token touched 10 of 10 sentences"):
        IngestReport.merge([repaired(1, 1) for _ in range(10)]).check_repairs(0.05)


def test_lines_add_up():
    report = IngestReport(files=["a.conll"], lines=3, line_kinds=Counter(token=1, comment=1))
    with pytest.raises(RuntimeError, match=r"a\.conll: 3 lines in, but 2 accounted for"):
        report.check()
