"""Sample corpora: reproducible, without duplicates, with ambiguous and unseen names."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.corpus.layout import find_splits
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from pipeline.samples import KINDS, write_sample
from pipeline.samples.generator import TEMPLATES, WORDS

TYPES = {
    "articles": {"NAME", "LOCATION", "ORGANIZATION", "MISC"},
    "newswire": {"PER", "LOC", "ORG", "MISC"},
}


@pytest.fixture(scope="module", params=KINDS)
def sample(request, tmp_path_factory):
    """(kind, files, sentences of each file)."""
    files = write_sample(tmp_path_factory.mktemp("sample"), request.param)
    return request.param, files, [list(read_corpus_file(str(file), corpus_settings())) for file in files]


def entities(sentences):
    """Entities as (type, token, token, ...)."""
    listed = []
    for sentence in sentences:
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            if tag.startswith("B-"):
                listed.append((tag[2:], token))
            elif tag.startswith("I-"):
                listed[-1] += (token,)
    return listed


def contents(files):
    return [file.read_bytes() for file in files]


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_depend_on_the_seed_alone(tmp_path, kind):
    first, second, other = (write_sample(tmp_path / name, kind, seed) for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    assert contents(first) == contents(second)
    assert not set(contents(first)) & set(contents(other))


def test_files_are_read_without_repairs_in_the_documented_sizes(sample):
    kind, files, splits = sample
    folder = files[0].parent
    assert find_splits(folder) == [(s, p.name) for s, p in zip(["train", "eval", "test"], files, strict=True)]
    assert sorted(folder.iterdir()) == sorted(files)
    assert [len(sentences) for sentences in splits] == list(KINDS[kind].generator.sizes.values())
    for file in files:
        report = IngestReport()
        assert all(len(sentence.tokens) > 2 for sentence in read_corpus_file(str(file), corpus_settings(), report))
        assert not report.repairs


def test_sentences_are_unique_across_the_splits(sample):
    texts = [sentence.text.lower() for sentences in sample[2] for sentence in sentences]
    assert len(set(texts)) == len(texts)


def test_entity_types_topics_and_styles(sample):
    kind, _, (train, _, test) = sample
    for sentences in (train, test):
        assert {entity[0] for entity in entities(sentences)} == TYPES[kind]
    assert {sentence.metadata["topic"] for sentence in train} == set(KINDS[kind].generator.topics)
    if kind == "articles":
        assert {sentence.metadata["topic"] for sentence in test} == set(TEMPLATES)
        assert {sentence.metadata["style"] for sentence in test} == {"edited", "message"}
        assert {tag for sentence in train for tag in sentence.tags if "-" not in tag} == {"OUT"}
    else:
        assert len({sentence.key for sentence in train}) == 4000


def test_the_training_split_has_every_name_and_place_of_the_articles():
    generator = KINDS["articles"].generator
    for seed in range(3):
        rows = [s.rows for s in generator.generate(seed)["train"] if s.style == "edited"]
        text = "\n".join(" ".join(token for token, _ in row) for row in rows)
        missing = [name for name in (*WORDS["article_names"], *WORDS["article_places"]) if name not in text]
        assert not missing


def test_a_part_of_the_test_entities_is_unseen_for_each_type(sample):
    kind, _, (train, _, test) = sample
    seen = set(entities(train))
    unseen, total = Counter(), Counter()
    for entity in entities(test):
        total[entity[0]] += 1
        unseen[entity[0]] += entity not in seen
    assert 0.3 < unseen.total() / total.total() < 0.8
    for entity_type in TYPES[kind]:
        assert 0.2 < unseen[entity_type] / total[entity_type] < 0.95


def test_words_are_ambiguous():
    types = defaultdict(set)
    for sentence in KINDS["newswire"].generator.generate(0)["train"]:
        for token, tag in sentence.rows:
            types[token].add(tag[2:] or "O")
    assert types["May"] >= {"O", "PER"}
    assert types["Jordan"] >= {"PER", "LOC", "ORG"}
    assert types["Reading"] >= {"O", "LOC", "ORG"}
    assert types["Will"] >= {"O", "PER"}


def test_every_slot_of_the_templates_is_filled(sample):
    assert not any("{" in sentence.text or "}" in sentence.text for sentences in sample[2] for sentence in sentences)


def test_existing_files_with_other_content_are_kept(tmp_path):
    (tmp_path / "train.tsv").write_text("mine\tO\n")
    with pytest.raises(NerError, match=r"train\.tsv: the file exists with other content\. Choose another folder"):
        write_sample(tmp_path)
    assert (tmp_path / "train.tsv").read_text() == "mine\tO\n"
    assert not (tmp_path / "dev.tsv").exists()
    first = write_sample(tmp_path, overwrite=True)
    assert contents(write_sample(tmp_path)) == contents(first)


def test_unknown_kind_and_unwritable_folder_are_errors(tmp_path):
    with pytest.raises(NerError, match=r"kind 'news': unknown kind .*Choose one of articles, newswire"):
        write_sample(tmp_path, "news")
    (tmp_path / "file").write_text("")
    with pytest.raises(NerError, match="cannot write"):
        write_sample(tmp_path / "file" / "folder")
