"""Plans: splits, division by hash, spans, and settings that do not fit the corpus."""

from __future__ import annotations

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError


def plan(folder, **changes):
    from components.corpus_example_gen.plan import IngestPlan

    return IngestPlan.for_corpus(str(folder), corpus_settings(**changes))


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\tO\n")
    return folder


def buckets(message):
    return [(split.name, split.hash_buckets) for split in message.split_config.splits]


def test_several_splits_stay_as_they_are(tmp_path):
    planned = plan(fill(tmp_path, "train.conll", "dev.conll", "test.conll"))
    assert [split.name for split in planned.input_config.splits] == ["train", "eval", "test"]
    assert buckets(planned.output_config) == []
    assert planned.range_config is None
    assert planned.settings.duplicates == "keep"


def test_single_split_is_divided_by_a_hash_of_the_sentence(tmp_path):
    division = plan(fill(tmp_path, "all.conll")).output_config
    assert buckets(division) == [("train", 8), ("eval", 1), ("test", 1)]
    assert division.split_config.partition_feature_name == "sentence"


def test_a_file_is_a_corpus_without_the_other_files_of_its_folder(tmp_path):
    file = fill(tmp_path, "names.conll", "other.conll", "other.jsonl") / "names.conll"
    planned = plan(file)
    assert (planned.folder, planned.settings.splits) == (str(tmp_path), {"train": "names.conll"})
    assert [split.pattern for split in planned.input_config.splits] == ["names.conll"]
    assert buckets(planned.output_config) == [("train", 8), ("eval", 1), ("test", 1)]
    assert corpus_settings(path=file).splits is None  # the file is that of a training; other commands name others


def test_corpus_with_spans_removes_duplicates_by_default(tmp_path):
    fill(tmp_path, "span-1/train.conll", "span-2/train.conll")
    planned = plan(tmp_path, span=1, span_window=2)
    assert planned.settings.duplicates == "remove"
    assert planned.range_config.static_range.start_span_number == 1
    assert plan(tmp_path, duplicates="keep").settings.duplicates == "keep"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"splits": {"eval": "a", "test": "b"}}, r"corpus\.splits: names eval, test but not train\. Name"),
        ({"span_window": 2}, r"corpus\.span_window is set, but the corpus has no span-<N> folders\. Remove"),
    ],
)
def test_settings_that_do_not_fit_the_corpus_are_errors(tmp_path, changes, problem):
    with pytest.raises(NerError, match=problem):
        plan(fill(tmp_path, "train.conll"), **changes)


def test_splits_of_a_folder_do_not_go_with_a_file(tmp_path):
    file = fill(tmp_path, "names.conll", "other.conll") / "names.conll"
    with pytest.raises(NerError, match=r"names\.conll: is a file, and corpus\.splits names .*\. Give the folder, or"):
        plan(file, splits={"train": "other.conll"})
