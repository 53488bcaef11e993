"""Linear-chain conditional random field: CRFsuite through python-crfsuite."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pycrfsuite

from benchmarks.corpus import LabelledSentence
from benchmarks.machine import CpuClock
from benchmarks.peers.crf_features import plus_features, standard_features
from benchmarks.peers.peer import DevScore, TrainedPeer, score, split_words

Template = Callable[[Sequence[str]], list[list[str]]]
TEMPLATES: Mapping[str, Template] = {"standard": standard_features, "plus": plus_features}
_MODEL, _INFO = "model.crfsuite", "template.json"


class CrfTagger:
    """Trained CRF."""

    def __init__(self, model: bytes, template: str) -> None:
        """Opens a model that CRFsuite wrote, from memory."""
        self._model, self._template = model, template
        self._features = TEMPLATES[template]
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags raw sentences as `Tagger` describes, one by one; CRFsuite has no batches."""
        return [self._tagger.tag(self._features(split_words(sentence))) for sentence in sentences]

    def save(self, folder: Path) -> None:
        """Writes the model and the name of its template."""
        (folder / _MODEL).write_bytes(self._model)
        (folder / _INFO).write_text(json.dumps({"template": self._template}), encoding="utf-8")


class CrfPeer:
    """Trains with L-BFGS and an elastic net penalty; all transitions are possible.

    `tests/benchmarks/peers/test_crf.py` trains one.
    """

    def __init__(self, template: str, c1: float, c2: float, iterations: int) -> None:
        """Stores the settings.

        Args:
            template: a key of `TEMPLATES`.
            c1: weight of the L1 penalty.
            c2: weight of the L2 penalty.
            iterations: maximum number of iterations of L-BFGS.
        """
        self._template = template
        self._parameters = {
            "c1": c1,
            "c2": c2,
            "max_iterations": iterations,
            "feature.possible_transitions": True,
        }

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """Trains as `Peer` describes; deterministic, with one evaluation on the dev split at the end."""
        del seed, language
        clock = CpuClock()
        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.select("lbfgs")
        trainer.set_params(self._parameters)
        features = TEMPLATES[self._template]
        for sentence in train:
            trainer.append(features(sentence.tokens), sentence.tags)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / _MODEL
            trainer.train(str(file))
            model = file.read_bytes()
        iterations = trainer.logparser.last_iteration or {"num": self._parameters["max_iterations"]}
        passes, seconds = float(iterations["num"]), clock.cpu_seconds
        tagger = CrfTagger(model, self._template)
        return TrainedPeer(tagger, (DevScore(seconds, passes, score(tagger, dev).micro().f1),), passes, seconds)

    @staticmethod
    def load(folder: Path) -> CrfTagger:
        """Loads a saved tagger."""
        info = json.loads((folder / _INFO).read_text(encoding="utf-8"))
        return CrfTagger((folder / _MODEL).read_bytes(), info["template"])
