"""A trained tagger, and its results for a text."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from components.common.errors import NerError, quoted
from components.common.iterables import batched
from components.serving.saved_model_tagger import Entity, SavedModelTagger, TaggedSentence

__all__ = ["Entity", "NerError", "TaggedText", "Tagger", "Token", "load"]

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Token:
    """A token of a text.

    Attributes:
        text: as written.
        tag: such as `B-PER`, or the outside tag.
        start: offset of its first character in the text.
        end: offset after its last one.
        score: probability of the tag according to the model; None if the model returns no scores.
    """

    text: str
    tag: str
    start: int
    end: int
    score: float | None


@dataclass(frozen=True)
class TaggedText:
    """A text with its tokens and entities.

    Attributes:
        text: as it was given.
        entities: in the order of the text. The score of an entity is the mean of its tokens' scores, everywhere in this
            project.
        tokens: in the order of the text; white space belongs to none of them.

    Example:
        >>> TaggedText("Hello", (), (Token("Hello", "O", 0, 5, 0.75),)).tokens[0].tag
        'O'
    """

    text: str
    entities: tuple[Entity, ...]
    tokens: tuple[Token, ...]


class Tagger:
    """A trained tagger.

    `load` creates one. Several threads may use it at once, and each process loads its own.

    Example:
        >>> tagger = load(getfixture("tiny_model"))
        >>> tagged = tagger("Joe Biden visited Paris")
        >>> [(entity.label, entity.text, entity.start, entity.end) for entity in tagged.entities]
        [('NAME', 'Joe Biden', 0, 9), ('LOCATION', 'Paris', 18, 23)]
        >>> [token.tag for token in tagged.tokens]
        ['B-NAME', 'I-NAME', 'OUT', 'B-LOCATION']
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Loads the model in a folder with `saved_model.pb`, after the checks of a model of unknown origin.

        Raises:
            NerError: the model may not be loaded, or is not a tagger.
        """
        # TensorFlow would print a page about the machine and the model, and errors about CUDA where nothing is wrong.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        self._folder = Path(folder)
        self._model = SavedModelTagger(self._folder)
        self._process = os.getpid()

    @property
    def folder(self) -> Path:
        """Folder of the model."""
        return self._folder

    def __call__(self, text: str) -> TaggedText:
        """Returns a text with its tokens and entities.

        Raises:
            TypeError: `text` is not a string.
            ValueError: `text` has an unpaired surrogate, which no UTF-8 can hold; the REST server refuses it, too.
            NerError: the model refuses the text.
        """
        _check_text(text, "text")
        return next(self.tag([text]))

    def tag(self, texts: Iterable[str], *, batch_size: int = 64) -> Iterator[TaggedText]:
        """Tags many texts, in their order.

        It reads `texts` while the results are used and keeps one batch in memory, so `texts` may be endless.

        Args:
            texts: an iterable of strings, such as an open file or a generator.
            batch_size: most texts that the model gets at once. A larger number is faster and needs more memory.

        Yields:
            One result for each text.

        Raises:
            ValueError: `batch_size` is less than 1, or an item has an unpaired surrogate.
            TypeError: `texts` is not an iterable, or one string, or an item is not a string. The results of the batches
                before a wrong item are yielded.
            NerError: the model refuses a text, or was loaded before this process was forked.

        Example:
            >>> tagger = load(getfixture("tiny_model"))
            >>> for tagged in tagger.tag(f"Xi Jinping went to Kyiv {day}" for day in range(2)):
            ...     print(tagged.text, [entity.text for entity in tagged.entities])
            Xi Jinping went to Kyiv 0 ['Xi Jinping', 'Kyiv']
            Xi Jinping went to Kyiv 1 ['Xi Jinping', 'Kyiv']
        """
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size: must be an integer from 1, got {quoted(batch_size)}. Give one, such as 64.")
        if os.getpid() != self._process:  # the threads of TensorFlow are missing, so that it would wait for ever
            raise NerError(f"{self._folder}: loaded before this process was forked. {self._remedy}")
        if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
            kind = "one" if isinstance(texts, str) else quoted(texts)
            raise TypeError(f"texts: must be an iterable of strings, got {kind}. Call tagger(text) for a single text.")
        return self._batches(texts, batch_size)

    def _batches(self, texts: Iterable[str], batch_size: int) -> Iterator[TaggedText]:
        position = 0
        for batch in batched(texts, batch_size):
            for offset, text in enumerate(batch):
                _check_text(text, f"text {position + offset}")
            position += len(batch)
            yield from map(_tagged_text, self._model.tag(batch))

    def __reduce__(self) -> NoReturn:
        """Refuses copies by pickle.

        Raises:
            TypeError: always, since the model belongs to its process.
        """
        raise TypeError(f"{self!r}: cannot be pickled or copied. {self._remedy}")

    def __repr__(self) -> str:
        """Returns the name of the class and the folder."""
        return f"Tagger({str(self._folder)!r})"

    @property
    def _remedy(self) -> str:
        return f"Call load({str(self._folder)!r}) in each process."


def load(
    reference: str | int | os.PathLike[str] | None = None,
    *,
    registry: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
    settings: Sequence[str] = (),
) -> Tagger:
    """Loads a trained tagger.

    Args:
        reference: `models:/NAME@ALIAS`, `models:/NAME/VERSION`, the number of a version, an alias, a folder with
            `saved_model.pb`, a work folder (its champion), or a folder that TensorFlow Serving reads. Default: the
            champion.
        registry: the registry of versions and aliases: an sqlite file, or the address of an MLflow server. Default:
            that of the configuration, `work/registry/mlflow.db`.
        config: YAML profile, as for `ner --config`.
        settings: such as `["work_dir=/data/ner"]`, as for `ner --set`.

    Raises:
        NerError: there is no such model, its files are damaged, or it is not a tagger.

    Example:
        >>> load(getfixture("tiny_model"))("Paris").entities
        (Entity(text='Paris', label='LOCATION', start=0, end=5, score=...),)
        >>> load("models:/ner@champion")
        Traceback (most recent call last):
        components.common.errors.NerError: registry sqlite:...: no champion of the model 'ner'. ...
    """
    from configs.loading import load_config
    from pipeline.registry_view.model_reference import resolve_model

    changes = setting_list(settings)
    if registry is not None:
        changes.append(f"registry.uri={json.dumps(_address(registry))}")
    text = None if reference is None else str(reference)
    return Tagger(resolve_model(text, load_config(Path(config) if config is not None else None, changes)))


def setting_list(settings: Sequence[str]) -> list[str]:
    """Returns settings as a list.

    Raises:
        TypeError: it is one string.

    Example:
        >>> setting_list("work_dir=work")
        Traceback (most recent call last):
        TypeError: settings: must be a list such as ["work_dir=work"], got one string
    """
    if isinstance(settings, str):
        raise TypeError(f'settings: must be a list such as ["{settings}"], got one string')
    return list(settings)


def _address(registry: str | os.PathLike[str]) -> str:
    """Returns the URI of a registry, which may be given as the path of its sqlite file."""
    text = os.fspath(registry)
    if "://" in text:
        return text
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise NerError(
            f"registry {text!r}: there is no such file. Give an sqlite file, or an address such as http://..."
        )
    return f"sqlite:///{path}"


def _check_text(text: object, where: str) -> None:
    if not isinstance(text, str):
        cure = 'Decode it, for example with .decode("utf-8").' if isinstance(text, bytes) else "Give a str."
        raise TypeError(f"{where}: must be a string, got {quoted(text)}. {cure}")
    if surrogate := _SURROGATE.search(text):
        raise ValueError(
            f"{where}: has U+{ord(surrogate[0]):04X}, an unpaired surrogate, at character {surrogate.start()}. Replace "
            "it, for example by U+FFFD."
        )


def _tagged_text(tagged: TaggedSentence) -> TaggedText:
    scores = tagged.scores or (None,) * len(tagged.tokens)
    columns = zip(tagged.tokens, tagged.tags, tagged.starts, tagged.ends, scores, strict=True)
    return TaggedText(tagged.sentence, tagged.entities, tuple(Token(*column) for column in columns))
