"""Presets of pretrained encoders: checks of their files, and loading with keras-hub (extra `encoder`)."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.extras import installation, require_extra

_WORD_PIECES = ("Bert", "DistilBert", "Electra")  # keras-hub's tokenizers with WordPiece
_HUGGING_FACE = ("bert", "distilbert")  # model types with WordPiece that keras-hub converts
_PRESET, _CHECKPOINT = "a keras-hub preset", "a Hugging Face checkpoint"
_FIX = "Give a folder of keras-hub (save_to_preset of backbone and tokenizer), or of a Hugging Face checkpoint."


def keras_hub() -> Any:
    """Imports keras-hub.

    Raises:
        NerError: it cannot be imported.

    Example: tests/components/model/test_encoder_from_preset.py.
    """
    try:
        import keras_hub as module
    except ImportError as error:
        raise NerError(
            f"trainer.tagger: encoder needs keras-hub, which cannot be imported ({error}). "
            f"{installation('encoder')} Exported models do not need it."
        ) from None
    return module


def check_preset(preset: str, window_size: int) -> None:
    """Checks the files of a preset without loading it, which takes many seconds.

    Args:
        preset: a folder, or a name or address that keras-hub downloads, which is not looked up.
        window_size: most tokens of a window.

    Raises:
        NerError: a file is missing, the encoder is not of a supported kind, or it has too few positions.

    Example: tests/components/model/test_encoder_preset.py.
    """
    folder = Path(preset)
    if not folder.is_dir():
        if folder.exists() or ("/" in preset and "://" not in preset):
            raise _unusable(preset, "is a file" if folder.exists() else "does not exist", _FIX)
        return
    config = _json(folder, "config.json")
    if "registered_name" in config:
        positions = _check_keras_preset(folder, config)
    elif "model_type" in config:
        positions = _check_checkpoint(folder, config)
    else:
        raise _unusable(preset, f"config.json is of neither {_PRESET} nor {_CHECKPOINT}", _FIX)
    if isinstance(positions, int):
        check_positions(window_size, positions)


def require_libraries(preset: str) -> None:
    """Checks that the libraries which read a preset are installed, without importing them.

    Args:
        preset: as in `check_preset`.

    Raises:
        NerError: one is missing.
    """
    require_extra("encoder", "trainer.tagger")
    if Path(preset, "tokenizer_config.json").is_file() and importlib.util.find_spec("safetensors") is None:
        raise NerError(
            "trainer.encoder.preset: a Hugging Face checkpoint needs safetensors, which is not installed. "
            + installation("encoder")
        )


def check_positions(window_size: int, positions: int) -> None:
    """Checks that a window fits into the positions of an encoder, two of which are reserved.

    Raises:
        NerError: it does not.
    """
    if window_size + 2 > positions:
        raise NerError(
            f"trainer.window_size: {window_size} tokens, but the encoder has {positions} positions, two of them "
            f"reserved. Set it to {positions - 2} or less."
        )


def _check_keras_preset(folder: Path, config: dict[str, Any]) -> Any:
    """Checks the files of a preset of keras-hub; returns the number of positions."""
    name = str(_json(folder, "tokenizer.json").get("registered_name", ""))
    if name.startswith("keras_hub>") and name not in {f"keras_hub>{kind}Tokenizer" for kind in _WORD_PIECES}:
        raise _unusable(
            str(folder),
            f"has a {name.partition('>')[2]}, which the transform graph does not support",
            "Use an encoder with WordPiece: BERT, DistilBERT or ELECTRA.",
        )
    _require_one(folder, ("assets/tokenizer/vocabulary.txt",), _PRESET)
    _require_one(folder, ("model.weights.h5", "model.weights.json"), _PRESET)
    return config.get("config", {}).get("max_sequence_length")


def _check_checkpoint(folder: Path, config: dict[str, Any]) -> Any:
    """Checks the files of a checkpoint of Hugging Face; returns the number of positions."""
    if config["model_type"] not in _HUGGING_FACE:
        raise _unusable(
            str(folder),
            f"is {_CHECKPOINT} of the type {config['model_type']!r}",
            "Use BERT or DistilBERT; for ELECTRA a preset of keras-hub.",
        )
    if "do_lower_case" not in _json(folder, "tokenizer_config.json"):
        raise _unusable(
            str(folder), "tokenizer_config.json has no `do_lower_case`", "Add it: true for an uncased encoder."
        )
    _require_one(folder, ("vocab.txt",), _CHECKPOINT)
    _require_one(folder, ("model.safetensors", "model.safetensors.index.json"), _CHECKPOINT)
    return config.get("max_position_embeddings")


def _require_one(folder: Path, names: tuple[str, ...], kind: str) -> None:
    if any((folder / name).is_file() for name in names):
        return
    if names[0] == "model.safetensors" and (folder / "pytorch_model.bin").is_file():
        raise _unusable(
            str(folder),
            "has its weights in pytorch_model.bin",
            "Write them as safetensors: save_pretrained(folder, safe_serialization=True) in transformers.",
        )
    raise _unusable(str(folder), f"has no {names[0]}, which {kind} has", _FIX)


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        values = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _unusable(str(folder), f"has no {name}", _FIX) from None
    except (OSError, ValueError) as error:
        raise _unusable(str(folder), f"{name} cannot be read ({error})", _FIX) from error
    if not isinstance(values, dict):
        raise _unusable(str(folder), f"{name} is not an object", _FIX)
    return values


def _unusable(preset: str, problem: str, fix: str) -> NerError:
    return NerError(f"trainer.encoder.preset: {preset}: {problem}. {fix}")


def from_preset(load: Callable[[str], Any], preset: str, part: str) -> Any:
    """Loads a part of a preset.

    Args:
        load: such as `keras_hub().models.Backbone.from_preset`.
        preset: a folder, or a name that keras-hub downloads.
        part: name of the part, for the error.

    Raises:
        NerError: the part cannot be loaded.

    Example: tests/components/model/test_encoder_from_preset.py.
    """
    try:
        return load(preset)
    except (ValueError, OSError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise NerError(
            f"trainer.encoder.preset: the {part} of {preset!r} cannot be loaded: {reason}. Name a folder that "
            "keras-hub wrote with save_to_preset (of backbone and tokenizer), a Hugging Face checkpoint, or a preset."
        ) from error
