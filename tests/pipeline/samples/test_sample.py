"""Sample corpora: the same bytes every time, and what they promise."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict

import pytest

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.corpus.layout import find_splits
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from pipeline.samples.articles import NAMES
from pipeline.samples.newswire import newswire_files
from pipeline.samples.sample import KINDS, write_sample
from pipeline.samples.templates import TEMPLATES

SIZES = {"articles": [1000, 100, 100], "newswire": [4000, 500, 1000]}


def digests(paths):
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def entities(path):
    found = []
    for sentence in read_corpus_file(str(path)):
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            if tag.startswith("B-"):
                found.append((tag[2:], token))
            elif tag.startswith("I-"):
                found[-1] += (token,)
    return found


@pytest.fixture(scope="module")
def newswire(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("newswire"), "newswire")


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_depend_on_the_seed_alone(tmp_path, kind):
    first, second, other = (write_sample(tmp_path / name, kind, seed) for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    assert digests(first) == digests(second)
    assert not set(digests(first)) & set(digests(other))


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_and_layout(tmp_path, kind):
    paths = write_sample(tmp_path, kind)
    assert find_splits(tmp_path) == [(s, p.name) for s, p in zip(["train", "eval", "test"], paths, strict=True)]
    reports = []
    for path in paths:
        reports.append(IngestReport())
        for sentence in read_corpus_file(str(path), None, reports[-1]):
            assert len(sentence.tokens) > 2
    assert [report.sentences_out for report in reports] == SIZES[kind]
    assert all(report.repairs == {} for report in reports)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)


def test_articles_are_the_articles_sentences(tmp_path):
    train = write_sample(tmp_path)[0]
    lines = train.read_text(encoding="utf-8").splitlines()
    assert any(
        line.startswith("Justin Trudeau ")
        and line.endswith(" New Delhi India\tB-NAME I-NAME OUT OUT B-LOCATION I-LOCATION I-LOCATION")
        for line in lines
    )
    assert {" ".join(line.split()[:2]) for line in lines} == set(NAMES)
    assert Counter(kind for kind, *_ in entities(train)) == {"NAME": 1000, "LOCATION": 1000}


def test_newswire_has_four_types_and_every_topic(newswire):
    assert set(Counter(kind for kind, *_ in entities(newswire[0]))) == {"PER", "ORG", "LOC", "MISC"}
    sentences = list(read_corpus_file(str(newswire[0])))
    assert {s.metadata["topic"] for s in sentences} == set(TEMPLATES)
    assert len({s.key for s in sentences}) == 4000
    assert len({s.text for path in newswire for s in read_corpus_file(str(path))}) == 5500


def test_most_test_entities_of_newswire_were_never_seen(newswire):
    seen = set(entities(newswire[0]))
    test = entities(newswire[2])
    assert 0.4 < sum(entity not in seen for entity in test) / len(test) < 0.8
    for kind in ("PER", "ORG", "LOC", "MISC"):
        of_kind = [entity for entity in test if entity[0] == kind]
        assert 0.3 < sum(entity not in seen for entity in of_kind) / len(of_kind) < 0.95


@pytest.mark.parametrize(
    ("word", "kinds"),
    [("May", {"O", "PER"}), ("Jordan", {"PER", "LOC"}), ("Reading", {"O", "LOC", "ORG"}), ("Will", {"O", "PER"})],
)
def test_newswire_is_ambiguous(newswire, word, kinds):
    found = defaultdict(set)
    for sentence in read_corpus_file(str(newswire[0])):
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            found[token].add(tag[2:] or "O")
    assert found[word] >= kinds


def test_newswire_templates_have_known_slots_only():
    text = newswire_files(0)["test.conll"]
    assert "{" not in text
    assert "}" not in text


def test_files_of_somebody_else_are_left_alone(tmp_path):
    (tmp_path / "train.tsv").write_text("mine\tO\n")
    with pytest.raises(NerError, match=r"train\.tsv: holds something else already\. Give another folder"):
        write_sample(tmp_path)
    assert (tmp_path / "train.tsv").read_text() == "mine\tO\n"
    assert not (tmp_path / "dev.tsv").exists()
    first = write_sample(tmp_path, overwrite=True)
    assert digests(write_sample(tmp_path)) == digests(first)


def test_unknown_kind_and_unwritable_folder_are_refused(tmp_path):
    with pytest.raises(NerError, match=r"found kind 'news' of sample corpus\. Choose one of articles, newswire"):
        write_sample(tmp_path, "news")
    (tmp_path / "file").write_text("")
    with pytest.raises(NerError, match="cannot be written"):
        write_sample(tmp_path / "file" / "folder")
