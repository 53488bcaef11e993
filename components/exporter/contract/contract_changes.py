"""Differences between two contracts that break a caller of the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from absl import logging

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import BreakingChangeError

_GONE = "is gone"
_OUTPUT_GONE = re.compile(r"output (\S+) is gone")


def require_compatible(old: Contract, new: Contract, *, allowed: bool, champion: str = "the champion") -> None:
    """Refuses breaking changes, grouped by signature, or logs them if they are allowed.

    Args:
        old: the contract that callers rely on (the champion's).
        new: of the model that would be served.
        allowed: `exporter.allow_breaking_changes`.
        champion: the model of `old` in words.

    Raises:
        BreakingChangeError: there are some, and they are not allowed.
    """
    groups = breaking_changes(old, new)
    if not groups:
        return
    if allowed:
        logging.warning("the new model breaks callers of %s: %s", champion, "; ".join(groups))
        return
    raise BreakingChangeError(
        f"exporter: the new model would break callers of {champion}:\n  "
        + "\n  ".join(groups)
        + "\nKeep the settings of the export, or allow it with --set exporter.allow_breaking_changes=true"
    )


def breaking_changes(old: Contract, new: Contract) -> list[str]:
    """Returns the changes that break a client of the old model, a line for all signatures that change alike.

    An added signature or output breaks nobody, with one exception: TensorFlow Serving's REST answer names its outputs
    only if there are several.

    Args:
        old: the contract that callers rely on (the champion's).
        new: of the model that would be served.

    Example:
        >>> breaking_changes(Contract(1, {}, pad="[PAD]"), Contract(1, {}, pad=""))
        ["rows are padded with '' instead of '[PAD]'"]
    """
    by_signature: dict[str, list[str]] = {}
    for name, text in _changes(old, new):
        by_signature.setdefault(name, []).append(text)
    signatures: dict[tuple[str, ...], list[str]] = {}
    for name, texts in by_signature.items():
        signatures.setdefault(tuple(texts), []).append(name)
    lines: list[str] = []
    for changes, names in signatures.items():
        if names == [""]:
            lines.extend(changes)
        elif changes == (_GONE,):
            lines.append(f"{_listed('signature', names)} {'is' if len(names) == 1 else 'are'} gone")
        else:
            lines.append(f"{_listed('signature', names)}: {_joined(changes)}")
    return lines


def _changes(old: Contract, new: Contract) -> Iterator[tuple[str, str]]:
    """Yields (signature, change); without a signature the change is about all of them."""
    if old.pad != new.pad:
        yield "", f"rows are padded with {new.pad!r} instead of {old.pad!r}"
    if old.valid_iob2 and not new.valid_iob2:
        yield "", "tags are no longer always valid IOB2"
    # A model without a limit was exported before there was one.
    if old.max_characters > new.max_characters > 0:
        yield "", f"requests of more than {new.max_characters} characters are refused ({old.max_characters} before)"
    for name, signature in sorted(old.signatures.items()):
        if name not in new.signatures:
            yield name, _GONE
            continue
        differences = [*_inputs(signature, new.signatures[name]), *_outputs(signature, new.signatures[name])]
        yield from ((name, change) for change in differences)


def _joined(changes: Sequence[str]) -> str:
    """Joins changes; the outputs that are gone share one phrase."""
    gone = [match[1] for text in changes if (match := _OUTPUT_GONE.fullmatch(text))]
    others = [text for text in changes if not _OUTPUT_GONE.fullmatch(text)]
    phrase = [f"{_listed('output', gone)} {'is' if len(gone) == 1 else 'are'} gone"] if gone else []
    return "; ".join([*phrase, *others])


def _listed(noun: str, names: list[str]) -> str:
    return f"{noun}{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _inputs(old: SignatureContract, new: SignatureContract) -> Iterator[str]:
    yield from (f"new input {name}, which callers do not send" for name in sorted({*new.inputs} - {*old.inputs}))
    yield from (f"input {name} is gone; requests that hold it fail" for name in sorted({*old.inputs} - {*new.inputs}))
    for name, before, after in _both(old.inputs, new.inputs):
        yield from _dtype(f"input {name}", before, after)
        if not _fits(before.shape, after.shape):
            yield f"input {name} takes shape {_text(after.shape)} and no longer every {_text(before.shape)}"


def _outputs(old: SignatureContract, new: SignatureContract) -> Iterator[str]:
    yield from (f"output {name} is gone" for name in sorted({*old.outputs} - {*new.outputs}))
    if len(old.outputs) == 1 < len(new.outputs):
        yield "more than one output, which makes the REST answer a list of objects instead of values"
    for name, before, after in _both(old.outputs, new.outputs):
        yield from _dtype(f"output {name}", before, after)
        if not _fits(after.shape, before.shape):
            yield f"output {name} has shape {_text(after.shape)} instead of {_text(before.shape)}"
        if before.forwards and before.forwards != after.forwards:
            yield f"output {name} is no longer the {before.forwards} that was sent"


def _both(
    old: Mapping[str, TensorContract], new: Mapping[str, TensorContract]
) -> Iterator[tuple[str, TensorContract, TensorContract]]:
    return ((name, old[name], new[name]) for name in sorted({*old} & {*new}))


def _dtype(name: str, old: TensorContract, new: TensorContract) -> Iterator[str]:
    if old.dtype != new.dtype:
        yield f"{name} has dtype {new.dtype} instead of {old.dtype}"


def _fits(shape: tuple[int | None, ...] | None, general: tuple[int | None, ...] | None) -> bool:
    """Returns whether every tensor of `shape` also has the shape `general`."""
    if general is None or shape is None:
        return general is None
    return len(shape) == len(general) and all(size in (None, own) for own, size in zip(shape, general, strict=True))


def _text(shape: tuple[int | None, ...] | None) -> str:
    return "of any rank" if shape is None else f"[{', '.join('any' if dim is None else str(dim) for dim in shape)}]"
