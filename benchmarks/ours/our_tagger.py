"""The exported model behind the interface of the peers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.serving.saved_model_tagger import SavedModelTagger, TaggedSentence


class OurTagger:
    """An exported SavedModel, run through the C API; a piece between blanks gets the tag of its first token."""

    def __init__(self, folder: Path, scratch: tempfile.TemporaryDirectory[str] | None = None) -> None:
        """Names the model's folder; it is loaded when it is first used.

        A process that has loaded a model cannot import TensorFlow any more.

        Args:
            folder: of the SavedModel.
            scratch: what is deleted when the tagger is no longer needed, where the folder lies in one.
        """
        self._folder, self._scratch = folder, scratch
        self._tagger: SavedModelTagger | None = None

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """See `Tagger`."""
        if self._tagger is None:
            self._tagger = SavedModelTagger(self._folder)
        return [first_pieces(tagged) for tagged in self._tagger.tag(sentences)]

    def save(self, folder: Path) -> None:
        """See `Tagger`."""
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)


def first_pieces(tagged: TaggedSentence) -> list[str]:
    """Returns the tags of those tokens that do not touch the token before them."""
    before = (-1, *tagged.ends)[:-1]
    return [tag for tag, start, end in zip(tagged.tags, tagged.starts, before, strict=True) if start != end]
