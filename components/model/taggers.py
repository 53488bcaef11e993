"""Taggers by name, and the interface of a tagger.

A tagger is a Keras model from the features of a batch to logits. `trainer.tagger` names a built-in one (`TAGGERS`) or
the class of another package (`my_package.my_module:MyTagger`), which must have:

constructor:
    keyword arguments for the sizes of the data that it uses (`DATA_SIZES`) and for its options (`trainer.options`);
    other keyword arguments go to `keras.Model`.
registration:
    `@keras.saving.register_keras_serializable(package=...)`, so that a saved model loads.
`build(input_shape=None)`:
    creates all weights.
`call(inputs, training=False)`:
    inputs: dict of int features (components/transform/features.py): `word_ids` and `case_ids` [batch, tokens],
    `subword_ids` [batch, tokens, columns], `gazetteer_TYPE` [batch, tokens] for each type of a gazetteer; 0 at padding.
    Returns float32 logits [batch, tokens, tags], where tag 0, [PAD], is impossible (-1e9).
`receptive_field`:
    property, int or None: number of tokens to either side that a token's logits depend on; None: unbounded.
`get_config()`:
    the constructor's arguments, as plain values.

If the layer of the logits is named `scores`, a warm start keeps its rows by tag. tests/support/custom_tagger.py is a
complete example.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import keras
import numpy as np

from components.common.dotted_path import load_object
from components.common.errors import NerError
from components.model.cnn_linear_tagger import CnnLinearTagger
from components.model.encoder_tagger import encoder_from_preset
from components.model.losses import ConstrainedCrfLoss, MaskedTokenLoss
from components.model.transformer_tagger import TransformerTagger

TAGGERS: Final[Mapping[str, Callable[..., keras.Model]]] = {
    "transformer": TransformerTagger,
    "cnn_linear": CnnLinearTagger,
    "encoder": encoder_from_preset,
}

DATA_SIZES: Final = ("num_tags", "vocab_size", "num_cases", "num_subwords", "maxlen", "seed", "gazetteers", "clusters")
"""Arguments that the Trainer sets: sizes that count padding, the most tokens per window, the seed,
the types of the gazetteers in alphabetical order, and the sizes of clusters (None without)."""

_HIGHEST_PAD_LOGIT = -1e6


def build_tagger(name: str, data_sizes: Mapping[str, Any] | None = None, **options: Any) -> keras.Model:
    """Builds a tagger with fresh weights.

    Args:
        name: a key of `TAGGERS`, or the dotted path of a class.
        data_sizes: arguments that depend on the data; a tagger receives those that its constructor names.
        **options: the tagger's own arguments.

    Raises:
        NerError: the name or an option is not valid.

    Example:
        >>> sizes = {"num_tags": 3, "vocab_size": 10, "num_cases": 7, "maxlen": 16, "num_subwords": 100}
        >>> model = build_tagger(
        ...     "transformer", sizes, embed_dim=8, num_heads=2, ff_dim=8, rate=0.1, word_dropout=0.1
        ... )
        >>> ids = np.array([[2, 3, 0]])
        >>> model({"word_ids": ids, "case_ids": ids}).shape  # [batch, tokens, tags]
        TensorShape([1, 3, 3])
    """
    tagger = TAGGERS[name] if name in TAGGERS else tagger_class(name, options)
    parameters = inspect.signature(tagger).parameters
    sizes = {size: value for size, value in (data_sizes or {}).items() if size in parameters}
    model = tagger(**sizes, **options)
    model.build()
    return model


def tagger_class(path: str, options: Collection[str] = ()) -> type[keras.Model]:
    """Imports the class of a tagger, without building one.

    Args:
        path: `my_package.my_module:MyTagger` or `my_package.my_module.MyTagger`.
        options: names of its options.

    Raises:
        NerError: the class cannot be imported, lacks a part of the interface, or does not have these options.

    Example:
        >>> options = ["embed_dim", "num_heads", "ff_dim", "rate", "word_dropout"]
        >>> tagger_class("components.model.transformer_tagger:TransformerTagger", options).__name__
        'TransformerTagger'
        >>> tagger_class("collections:OrderedDict")
        Traceback (most recent call last):
        components.common.errors.NerError: trainer.tagger: collections:OrderedDict is not a subclass of keras.Model. ...
    """
    tagger = load_object(path, "trainer.tagger")
    if problem := _interface_problem(tagger):
        raise NerError(f"trainer.tagger: {path} {problem}")
    _check_options(path, tagger, options)
    return tagger


def _check_options(path: str, tagger: type[keras.Model], options: Collection[str]) -> None:
    known = [
        parameter
        for parameter in inspect.signature(tagger).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.name not in DATA_SIZES
    ]
    names = [parameter.name for parameter in known]
    if unknown := sorted(set(options) - {*names, "dtype", "name"}):
        raise NerError(
            f"trainer.options.{unknown[0]}: is not an argument of {path}. Its options: {', '.join(names) or 'none'}."
        )
    if missing := [one.name for one in known if one.default is one.empty and one.name not in options]:
        raise NerError(f"trainer.options.{missing[0]}: is missing. {path} has no default for it; set a value.")


def _interface_problem(tagger: Any) -> str:
    """Returns the problem of a class that is not a tagger, and its fix; "" if there is none."""
    if not (isinstance(tagger, type) and issubclass(tagger, keras.Model)):
        return "is not a subclass of keras.Model. Derive it from keras.Model."
    if keras.saving.get_registered_name(tagger) == tagger.__name__:
        return (
            "is not registered, so its saved model could not be loaded. "
            'Decorate it with @keras.saving.register_keras_serializable(package="...").'
        )
    if not hasattr(tagger, "receptive_field"):
        return (
            "lacks the property receptive_field. Define it: number of tokens to either side that a token's logits "
            "depend on; None: unbounded."
        )
    for method, purpose in (
        ("build", "create all weights"),
        ("call", "return logits"),
        ("get_config", "return the constructor's arguments"),
    ):
        if not any(method in vars(base) for base in tagger.__mro__[: tagger.__mro__.index(keras.Model)]):
            return f"lacks the method {method}. Define it to {purpose}."
    parameters = inspect.signature(tagger).parameters.values()
    if "num_tags" not in {parameter.name for parameter in parameters}:
        return "lacks the constructor argument num_tags. Add it: number of logits per token."
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return "lacks **kwargs in its constructor. Add them and pass them to keras.Model."
    return ""


def check_tagger(name: str, options: Mapping[str, Any]) -> None:
    """Builds a tiny tagger and tags one sentence, to find a wrong class or option before anything is read or trained.

    Args:
        name: as `trainer.tagger`. A built-in tagger needs no check.
        options: its options.

    Raises:
        NerError: the class is not a tagger, or an option is not valid.

    Example: tests/components/model/test_taggers.py.
    """
    if name in TAGGERS:
        return
    sizes = {
        "num_tags": 3,
        "vocab_size": 9,
        "num_cases": 7,
        "num_subwords": 9,
        "maxlen": 8,
        "seed": 0,
        "gazetteers": (),
        "clusters": None,
    }
    try:
        model = build_tagger(name, sizes, **options)
    except NerError:
        raise
    except Exception as error:  # a class of another package may raise anything
        raise NerError(f"trainer.options: {name} cannot be built ({_text(error)}). Correct the options.") from error
    features = {
        "word_ids": np.array([[2, 3]]),
        "case_ids": np.array([[1, 2]]),
        "subword_ids": np.ones((1, 2, 10), np.int64),
    }
    field = model.receptive_field
    if not (field is None or (isinstance(field, int) and field >= 0)):
        raise NerError(f"trainer.tagger: receptive_field of {name} is {field!r}. Return 0 or more tokens, or None.")
    try:
        copy = type(model).from_config(model.get_config())
        copy.build()
    except Exception as error:
        raise NerError(
            f"trainer.tagger: get_config of {name} gives no model ({_text(error)}). Return all constructor arguments."
        ) from error
    if [weight.shape for weight in copy.weights] != [weight.shape for weight in model.weights]:
        raise NerError(
            f"trainer.tagger: get_config of {name} describes another model. Return all constructor arguments."
        )
    count = len(model.weights)
    try:
        logits = keras.ops.convert_to_numpy(model(features))
    except Exception as error:
        raise NerError(f"trainer.tagger: call of {name} fails ({_text(error)}). Correct it.") from error
    if len(model.weights) != count:
        raise NerError(f"trainer.tagger: {name} creates weights when it is called. Create all of them in build.")
    if logits.shape != (1, 2, 3):
        raise NerError(
            f"trainer.tagger: {name} returns logits of shape {list(logits.shape)} for 1 sentence, 2 tokens and 3 tags. "
            "Return [batch, tokens, num_tags]."
        )
    if logits[..., 0].max() > _HIGHEST_PAD_LOGIT:
        raise NerError(f"trainer.tagger: {name} can predict tag 0, [PAD]. Add -1e9 to its logits.")


def _text(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", f"{type(error).__name__}: {error}")  # Keras colors its errors
    return " ".join(text.partition("Arguments received by")[0].split())


def tagger_loss(name: str, tags: Sequence[str]) -> keras.losses.Loss:
    """Returns the loss that a tagger is trained with.

    Args:
        name: a key of `TAGGERS`, or the dotted path of a class.
        tags: tag vocabulary in the order of the logits, `[PAD]` first.

    Example:
        >>> type(tagger_loss("cnn_linear", ["[PAD]", "O", "B-PER", "I-PER"])).__name__
        'ConstrainedCrfLoss'
    """
    if name == "transformer":
        return MaskedTokenLoss()
    # Cross entropy makes cnn_linear's linear experts worse (measured) and its network better.
    return ConstrainedCrfLoss(tags, token_weights=(1.0, 0.0) if name == "cnn_linear" else (1.0,))


def linear_loss(tags: Sequence[str]) -> keras.losses.Loss:
    """Returns the loss of a linear expert that is trained without the network, for logits [1, batch, tokens, tags].

    Args:
        tags: tag vocabulary in the order of the logits, `[PAD]` first.
    """
    return ConstrainedCrfLoss(tags, token_weights=(0.0,))
