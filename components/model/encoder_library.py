"""Optional dependency keras-hub (extra `encoder`), imported on use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.common.errors import NerError


def keras_hub() -> Any:
    """Imports keras-hub.

    Raises:
        NerError: it cannot be imported.

    Example: tests/components/model/test_encoder_preset.py.
    """
    try:
        import keras_hub as module
    except ImportError as error:
        raise NerError(
            f"trainer.tagger: encoder needs keras-hub, which cannot be imported ({error}). "
            "Install it with `pip install 'deployable-ner[encoder]'`. Exported models do not need it."
        ) from None
    return module


def from_preset(load: Callable[[str], Any], preset: str, part: str) -> Any:
    """Loads a part of a preset.

    Args:
        load: such as `keras_hub().models.Backbone.from_preset`.
        preset: a folder, or a name that keras-hub downloads.
        part: name of the part, for the error.

    Raises:
        NerError: the part cannot be loaded.

    Example: tests/components/model/test_encoder_preset.py.
    """
    try:
        return load(preset)
    except (ValueError, OSError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise NerError(
            f"trainer.encoder.preset: the {part} of {preset!r} cannot be loaded: {reason}. Name a folder that "
            "keras-hub wrote with save_to_preset (of backbone and tokenizer), or one of its presets."
        ) from error
