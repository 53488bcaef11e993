"""A tagger without a model, for tests of code that takes tagged sentences."""

from __future__ import annotations

from components.serving.saved_model_tagger import RefusedError, TaggedSentence
from components.text.words import word_offsets


class Spotter:
    """Tags capitalized words as X, with the scores of a table.

    Attributes:
        scores: word -> score; of others 1.0.
        tags: word -> tag, which comes first.
        folder: its name.
    """

    def __init__(self, scores=(), tags=(), folder="spotter"):
        """Stores the tables."""
        self.scores, self.tags, self.folder = dict(scores), dict(tags), folder

    def tag(self, sentences):
        """Tags sentences; refuses those with the word `refuse`.

        Raises:
            RefusedError: one has it.
        """
        if any("refuse" in sentence for sentence in sentences):
            raise RefusedError("the model refuses the word")
        return [self._tagged(sentence) for sentence in sentences]

    def _tagged(self, sentence):
        offsets = list(word_offsets(sentence))
        words = tuple(sentence[start:end] for start, end in offsets)
        tags = tuple(self.tags.get(word, "B-X" if word[:1].isupper() else "O") for word in words)
        scores = tuple(self.scores.get(word, 1.0) for word in words)
        return TaggedSentence(
            sentence, words, tags, scores, tuple(start for start, _ in offsets), tuple(end for _, end in offsets)
        )
