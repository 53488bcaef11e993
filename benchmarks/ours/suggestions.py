"""Simulation of `ner suggest`: labels for suggested sentences against labels for random ones.

    python -m benchmarks.ours.suggestions DATA --seeds 0,1,2 --results FILE

For each corpus and seed, trains on some random sentences of the training split, adds as many by `ner suggest`, as many
at random, or random ones with as many tokens as the suggested ones, trains again from scratch, and scores. The results
are rows of JSON lines; a row that is there is not measured again.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.corpus import Corpus, LabelledSentence, corpus_folders, load_corpus
from benchmarks.ours.our_peer import OurPeer
from benchmarks.peers.peer import TrainedPeer
from benchmarks.scoring import score
from benchmarks.systems import choose_systems
from components.serving.batch_prediction.rows import Row
from components.serving.saved_model_tagger import SavedModelTagger
from components.suggestions.ranking import Ranking, Suggestion
from components.suggestions.uncertainty import uncertainty

_DEV = 300  # sentences, as few as somebody who begins would have
_SETTINGS = ("ours.trainer.epochs=12",)


@click.command()
@click.argument("data", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--ways", default="suggested,random,random_tokens", show_default=True)
@click.option("--count", default=200, show_default=True, help="Sentences of the first training, and to add.")
@click.option("--results", type=click.Path(path_type=Path), required=True, help="JSON lines.")
def main(data: Sequence[Path], seeds: str, ways: str, count: int, results: Path) -> None:
    """Measures the rows that the results lack."""
    done = [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    known = {(row["corpus"], row["seed"], row["way"]) for row in done}
    for seed in map(int, seeds.split(",")):
        for folder in corpus_folders(data):
            corpus = load_corpus(folder)
            missing = [way for way in ways.split(",") if (corpus.name, seed, way) not in known]
            if missing:
                with results.open("a", encoding="utf-8") as file:
                    for row in _simulate(corpus, seed, missing, count):
                        file.write(f"{json.dumps(row)}\n")
                        file.flush()
                        click.echo(row)


def _simulate(corpus: Corpus, seed: int, ways: Sequence[str], count: int) -> Iterator[dict[str, Any]]:
    shuffled = random.Random(seed).sample(corpus.train, len(corpus.train))
    first, rest = shuffled[:count], shuffled[count:]
    trained = _train(first, corpus, seed)
    yield _row(corpus, seed, "first", first, trained)
    tagger = SavedModelTagger(trained.tagger.folder)
    suggested = _chosen(first, rest, tagger, count)
    tokens = sum(len(sentence.tokens) for sentence in suggested)
    before = itertools.accumulate((len(sentence.tokens) for sentence in rest), initial=0)
    added = {
        "suggested": suggested,
        "random": rest[:count],
        "random_tokens": [sentence for sentence, seen in zip(rest, before, strict=False) if seen < tokens],
    }
    for way in ways:
        yield _row(corpus, seed, way, added[way], _train([*first, *added[way]], corpus, seed))


def _chosen(
    first: Sequence[LabelledSentence], rest: Sequence[LabelledSentence], tagger: SavedModelTagger, count: int
) -> list[LabelledSentence]:
    labelled = [sentence.tokens for sentence in first]
    ranking = Ranking(count, labelled)
    for number, tagged in enumerate(tagger.tag([sentence.text for sentence in rest])):
        value = uncertainty(tagged)
        if value is not None:
            ranking.add(Suggestion(Row(number, tagged.sentence, {}, b""), tagged, value))
    return [rest[suggestion.row.number] for suggestion in ranking.choose(labelled)]


def _train(sentences: Sequence[LabelledSentence], corpus: Corpus, seed: int) -> TrainedPeer:
    (system,) = choose_systems(["ours"], "cnn_linear", _SETTINGS)
    return OurPeer(**system.settings).train(sentences, corpus.dev[:_DEV], seed, "")


def _row(
    corpus: Corpus, seed: int, way: str, added: Sequence[LabelledSentence], trained: TrainedPeer
) -> dict[str, Any]:
    return {
        "corpus": corpus.name,
        "seed": seed,
        "way": way,
        "sentences": len(added),
        "tokens": sum(len(sentence.tokens) for sentence in added),
        "entities": sum(tag.startswith("B-") for sentence in added for tag in sentence.tags),
        "dev_f1": max(each.f1 for each in trained.dev_scores),
        "test_f1": score(trained.tagger, corpus.test).micro().f1,
    }


if __name__ == "__main__":
    main()
