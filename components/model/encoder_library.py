"""keras-hub, which only the encoder tagger needs: an extra of the package, imported where it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.common.errors import NerError


def keras_hub() -> Any:
    """Returns the module.

    Raises:
        NerError: it is not installed.
    """
    try:
        import keras_hub as module
    except ImportError as error:
        raise NerError(
            f"a tagger on a pretrained encoder needs keras-hub, which cannot be imported ({error}); "
            "install it with `pip install 'deployable-ner[encoder]'`. An exported model does not need it"
        ) from None
    return module


def from_preset(load: Callable[[str], Any], preset: str, what: str) -> Any:
    """Loads a part of a preset.

    Args:
        load: such as `keras_hub().models.Backbone.from_preset`.
        preset: a folder, or a name that keras-hub knows and fetches.
        what: of it, for the error.

    Raises:
        NerError: it cannot be loaded.
    """
    try:
        return load(preset)
    except (ValueError, OSError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise NerError(
            f"trainer.encoder.preset: the {what} of {preset!r} cannot be loaded: {reason}. Name a folder that "
            "keras-hub wrote with save_to_preset (of backbone and tokenizer), or one of its presets."
        ) from error
