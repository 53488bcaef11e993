"""Named entity tagging with a trained model, in Python: the public package of deployable-ner.

    import deployable_ner as ner

    tagger = ner.load("models:/ner@champion")
    for entity in tagger("Joe Biden visited Paris").entities:
        print(entity.label, entity.text, entity.score)

Read `tagger` first. Nothing is loaded before it is used: the import takes a few milliseconds. docs/python.md has more.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`: nothing is imported before `ner` handles Ctrl-C (__main__.py)

if TYPE_CHECKING:
    from typing import Any

    from components.common.errors import NerError as NerError
    from components.serving.saved_model_tagger import Entity as Entity
    from deployable_ner.evaluation import CorpusEvaluation as CorpusEvaluation
    from deployable_ner.evaluation import evaluate as evaluate
    from deployable_ner.tagger import TaggedText as TaggedText
    from deployable_ner.tagger import Tagger as Tagger
    from deployable_ner.tagger import Token as Token
    from deployable_ner.tagger import load as load

    __version__: str

__all__ = [
    "CorpusEvaluation", "Entity", "NerError", "TaggedText", "Tagger", "Token", "__version__", "evaluate", "load",
]  # fmt: skip

_MODULES = {
    "CorpusEvaluation": "evaluation",
    "Entity": "tagger",
    "NerError": "tagger",
    "TaggedText": "tagger",
    "Tagger": "tagger",
    "Token": "tagger",
    "evaluate": "evaluation",
    "load": "tagger",
}


def __getattr__(name: str) -> Any:
    """Imports a public name on its first use."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("deployable-ner")
    else:
        from components.common.lazy_exports import lazy_exports

        value = lazy_exports(__name__, _MODULES)(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Returns the public names, which `help` and completion show."""
    return sorted(__all__)
