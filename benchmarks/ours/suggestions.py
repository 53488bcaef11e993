"""Simulation of `ner suggest`: labels for suggested sentences against labels for random ones.

    python -m benchmarks.ours.suggestions DATA --seeds 0,1,2 --results FILE

For each corpus and seed, trains a CRF on some random sentences of the training split, adds as many by each way of
choosing, and as many tokens at random, trains again, and scores on the test split. CRFsuite trains in seconds, which
makes enough repetitions possible. The results are rows of JSON lines; a row that is there is not measured again.
"""

from __future__ import annotations

import collections
import itertools
import json
import math
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.corpus import Corpus, LabelledSentence, corpus_folders, load_corpus
from benchmarks.peers.crf_features import standard_features
from components.serving.batch_prediction.rows import Row
from components.serving.saved_model_tagger import TaggedSentence
from components.suggestions.ranking import Ranking, Suggestion
from components.suggestions.uncertainty import Uncertainty

_POOL, _TEST = 4_200, 1_500  # sentences
# Way of choosing -> certainty of a sentence.
_WAYS: dict[str, Callable[[TaggedSentence], float]] = {
    "suggest": lambda tagged: tagged.confidence or 0.0,
    "mnlp": lambda tagged: math.exp(sum(math.log(max(score, 1e-9)) for score in tagged.scores) / len(tagged.scores)),
    "least_confidence": lambda tagged: math.prod(tagged.scores),
}


@click.command()
@click.argument("data", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--seeds", default="0,1,2,3,4,5", show_default=True)
@click.option("--count", default=200, show_default=True, help="Sentences of the first training, and to add.")
@click.option("--results", type=click.Path(path_type=Path), required=True, help="JSON lines.")
def main(data: Sequence[Path], seeds: str, count: int, results: Path) -> None:
    """Measures the rows that the results lack, and prints means."""
    rows = [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    known = {(row["corpus"], row["seed"]) for row in rows}
    for seed, folder in itertools.product(map(int, seeds.split(",")), corpus_folders(data)):
        corpus = load_corpus(folder)
        if (corpus.name, seed) not in known:
            rows += (measured := list(_simulate(corpus, seed, count)))
            with results.open("a", encoding="utf-8") as file:
                file.writelines(f"{json.dumps(row)}\n" for row in measured)
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["corpus"], row["way"]].append(row)
    for (corpus_name, way), group in groups.items():
        means = [statistics.fmean(row[name] for row in group) for name in ("sentences", "tokens", "f1")]
        click.echo(f"{corpus_name}  {way}  {means[0]:.0f} sentences  {means[1]:.0f} tokens  F1 {100 * means[2]:.1f}")


def _simulate(corpus: Corpus, seed: int, count: int) -> Iterator[dict[str, Any]]:
    shuffled = random.Random(seed).sample(corpus.train, min(len(corpus.train), _POOL))
    first, rest = shuffled[:count], shuffled[count:]
    tagger = _train(first)
    yield _row(corpus, seed, "first", first, tagger)
    added = {"random": rest[:count]}
    tagged = [_tag(tagger, sentence) for sentence in rest]
    for way, certainty in _WAYS.items():
        ranking, labelled = Ranking(count), [sentence.tokens for sentence in first]
        for number, each in enumerate(tagged):
            row = Row(number, each.sentence, {}, b"")
            ranking.add(Suggestion(row, each, Uncertainty(1 - certainty(each))))
        added[way] = [rest[suggestion.row.number] for suggestion in ranking.choose(labelled)]
        tokens = sum(len(sentence.tokens) for sentence in added[way])
        before = itertools.accumulate((len(sentence.tokens) for sentence in rest), initial=0)
        added[f"random, tokens of {way}"] = [
            sentence for sentence, seen in zip(rest, before, strict=False) if seen < tokens
        ]
    for way, sentences in added.items():
        yield _row(corpus, seed, way, sentences, _train([*first, *sentences]))


def _train(sentences: Sequence[LabelledSentence]) -> Any:
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 60, "feature.possible_transitions": True})
    for sentence in sentences:
        trainer.append(standard_features(sentence.tokens), sentence.tags)
    tagger = pycrfsuite.Tagger()
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(f"{folder}/model")
        tagger.open(f"{folder}/model")
    return tagger


def _tag(tagger: Any, sentence: LabelledSentence) -> TaggedSentence:
    tags = tagger.tag(standard_features(sentence.tokens))
    scores = tuple(min(1.0, tagger.marginal(tag, position)) for position, tag in enumerate(tags))
    return TaggedSentence(sentence.text, sentence.tokens, tuple(tags), scores, (), ())


def _row(corpus: Corpus, seed: int, way: str, added: Sequence[LabelledSentence], tagger: Any) -> dict[str, Any]:
    from components.text.entity_scores import EntityCounts

    counts = EntityCounts()
    for sentence in corpus.test[:_TEST]:
        counts.add(sentence.tags, tagger.tag(standard_features(sentence.tokens)))
    return {
        "corpus": corpus.name,
        "seed": seed,
        "way": way,
        "sentences": len(added),
        "tokens": sum(len(sentence.tokens) for sentence in added),
        "entities": sum(tag.startswith("B-") for sentence in added for tag in sentence.tags),
        "f1": counts.micro().f1,
    }


if __name__ == "__main__":
    main()
