"""The check of a small corpus with one mistake of each kind."""

from __future__ import annotations

import json

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.labelled_data import LabelledData
from components.corpus_tools.check import Severity, check_corpus


def conll(*sentences):
    """Sentences of `token/tag` words, as a file of two columns; a word without a tag is outside."""
    rows = [[(word if "/" in word else f"{word}/O").rsplit("/", 1) for word in text.split()] for text in sentences]
    return "".join("".join(f"{token}\t{tag}\n" for token, tag in sentence) + "\n" for sentence in rows)


TRAIN = [
    *["Ada/B-PER lives in Oslo/B-LOC ."] * 4,
    "she saw Oslo again .",  # a missing label, line 27
    *[f"he left Oslo/B-LOC on day {day} ." for day in "1234567"],
    "he called Oslo/B-PER today .",  # another label, line 89
    *[f"the Bank/B-ORG of/I-ORG Lund/I-ORG paid {day} times ." for day in "123"],
    "the/B-ORG Bank/I-ORG of/I-ORG Lund/I-ORG failed .",  # other boundaries, line 120
    "we met at the Bank of Lund/B-LOC .",  # others again, line 131
    "Ada/B-PER wrote .", "Ada wrote .",  # a contradiction, lines 136 and 140
    "Par\u200bis/B-LOC .", "Vоlvo/B-ORG .",  # a zero-width space, and a Cyrillic о; lines 144 and 147
]  # fmt: skip


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "train.conll").write_text(conll(*TRAIN), encoding="utf-8")
    (tmp_path / "dev.conll").write_text(conll("Ada/B-PER lives in Oslo/B-LOC .", "Bo/B-PER left ."), encoding="utf-8")
    (tmp_path / "train-own.jsonl").write_text("{}\n")
    return tmp_path


def findings(path, **settings):
    return {finding.kind: finding for finding in check_corpus(path, corpus_settings(**settings)).findings}


def cases(finding):
    return {item.subject: [f"{place} {place.label}".rstrip() for place in item.places] for item in finding.items}


def test_each_mistake_is_listed_with_its_line(corpus):
    by_kind = findings(corpus)
    assert cases(by_kind["missing_label"])["Oslo"] == ["train.conll:27 outside"]
    assert cases(by_kind["label_conflict"]) == {"Oslo": ["train.conll:89 PER"]}
    assert cases(by_kind["boundary"])["Bank of Lund"] == ["train.conll:131 [Lund] LOC"]
    assert cases(by_kind["contradiction"]) == {"Ada": ["train.conll:136 PER", "train.conll:140 outside"]}
    assert cases(by_kind["invisible"]) == {r"'Par\u200bis'": ["train.conll:144"]}
    assert cases(by_kind["look_alike"]) == {"'Vоlvo'": ["train.conll:147"]}
    assert cases(by_kind["leak"]) == {"Ada lives in Oslo .": ["train.conll:1", "dev.conll:1"]}
    assert cases(by_kind["unread_file"]) == {"train-own.jsonl": ["train-own.jsonl"]}
    assert cases(by_kind["rare_type"]) == {"ORG": [], "PER": []}
    assert cases(by_kind["unscored_type"]) == {"ORG": []}
    assert {finding.severity for finding in by_kind.values()} == {Severity.WARNING, Severity.NOTE}


def test_counts_are_those_of_the_readers(corpus):
    check = check_corpus(corpus, corpus_settings())
    train = LabelledData(corpus, corpus_settings(), "train")
    sentences = list(train.sentences())
    assert check.splits["train"].sentences == len(sentences)
    assert check.splits["train"].tokens == train.report.tokens_out
    assert check.splits["train"].entities == train.report.entities_out
    assert check.splits["eval"].known == 2
    assert list(check.splits) == ["train", "eval"]


def test_the_same_files_give_the_same_json(corpus):
    one, two = (check_corpus(corpus, corpus_settings()).to_dict() for _ in range(2))
    assert json.dumps(one) == json.dumps(two)


def test_a_clean_corpus_has_neither_errors_nor_warnings(tmp_path):
    sentences = [f"Ada/B-PER saw day {i} ." for i in range(60)]
    (tmp_path / "train.conll").write_text(conll(*sentences))
    (tmp_path / "dev.conll").write_text(conll("Bo/B-PER left ."))
    assert check_corpus(tmp_path, corpus_settings()).findings == ()


def test_all_errors_of_all_files_are_listed(tmp_path):
    (tmp_path / "train.conll").write_text("a\tO\n\nb\tB-X\tO\tO\n\nc\tB-X\n\nd\tO\tO\tO\n\n" + conll("e/O") * 9)
    (tmp_path / "dev.conll").write_bytes(b"\xff\xfe\xfd")
    by_kind = findings(tmp_path)
    assert cases(by_kind["unreadable"]).keys() >= {"train.conll:3", "train.conll:7"}
    assert any(place.startswith("dev.conll") for finding in by_kind.values() for place in cases(finding))
    assert by_kind["missing_split"].severity == Severity.ERROR
    assert findings(tmp_path, on_error="skip")["unreadable"].severity == Severity.WARNING


def test_a_file_is_checked_without_splits(corpus):
    check = check_corpus(corpus / "dev.conll", corpus_settings())
    assert list(check.splits) == ["all"]
    assert check.number_of(Severity.ERROR) == 0


def test_types_that_differ_in_spelling_only_are_a_warning(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text(
        conll(
            "Ida/B-Job_Title met/O Bo/B-job-title",
            "Al/B-Job_Title left/O Oslo/B-LOC1 Rome/B-LOC2",
            "x/B-Cafe\u0301 y/B-Caf\u00e9",
        )
    )
    finding = findings(path)["similar_type"]
    assert {item.subject: item.detail for item in finding.items} == {
        "Cafe\u0301, Caf\u00e9": "1, 1 entities",
        "Job_Title, job-title": "2, 1 entities",
    }
    assert finding.severity == Severity.WARNING


def test_a_file_or_a_split_without_entities_is_a_warning(tmp_path):
    for name, tag in (("train", "B-PER"), ("dev", "B-PER"), ("test", "O")):
        (tmp_path / f"{name}.conll").write_text(f"Ada\t{tag}\n\n")
    assert findings(tmp_path)["no_entity"].title == "No entity in test"
    assert findings(tmp_path / "test.conll")["no_entity"].severity == Severity.WARNING
    assert "no_entity" not in findings(tmp_path / "train.conll")


def test_a_folder_without_a_corpus_is_an_error_finding_and_a_missing_path_is_not(tmp_path):
    (finding,) = check_corpus(tmp_path, corpus_settings()).findings
    assert (finding.kind, finding.severity) == ("layout", Severity.ERROR)
    with pytest.raises(CorpusError, match="no such file or folder"):
        check_corpus(tmp_path / "absent", corpus_settings())


def test_the_newest_span_is_checked_and_its_leaks_are_removed_by_a_training(tmp_path):
    for span, name in ((1, "Bo"), (2, "Ada")):
        (tmp_path / f"span-{span}").mkdir()
        for split in ("train", "dev"):
            (tmp_path / f"span-{span}" / f"{split}.conll").write_text(conll(*[f"{name}/B-PER left the town ."] * 12))
    by_kind = findings(tmp_path)
    assert cases(by_kind["leak"]) == {"Ada left the town .": ["span-2/train.conll:1", "span-2/dev.conll:1"]}
    assert by_kind["leak"].severity == Severity.NOTE


def test_a_bound_of_the_memory_is_said(corpus):
    assert check_corpus(corpus, corpus_settings()).limits == ()
    (limit,) = check_corpus(corpus, corpus_settings(), most_texts=3).limits
    assert "3 texts in memory" in limit


def test_repairs_and_dropped_entities_are_listed(tmp_path):
    text = conll(*["Ada/B-PER saw it ."] * 60) + "New York\tB-LOC\n\nBo\tB-PER\n"
    (tmp_path / "all.tsv").write_text(text.replace(" ", " "))
    by_kind = findings(tmp_path / "all.tsv", drop_types=["LOC"])
    assert {item.subject: item.count for item in by_kind["repair"].items} == {"dropped_type": 1, "split_token": 1}
    assert by_kind["repair"].severity == Severity.WARNING
