"""Differences between two contracts that break a caller of the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract


def breaking_changes(old: Contract, new: Contract) -> list[str]:
    """Returns the changes that break a client of the old model.

    An added signature or output breaks nobody, with one exception: TensorFlow Serving's REST answer names its outputs
    only if there are several.

    Args:
        old: the contract that callers rely on (the champion's).
        new: of the model that would be served.

    Returns:
        One sentence per change, naming signature and tensor; empty: the new model can replace the old one.

    Example:
        >>> breaking_changes(Contract(1, {}, pad="[PAD]"), Contract(1, {}, pad=""))
        ["rows are padded with '' instead of '[PAD]'"]
    """
    changes = []
    if old.pad != new.pad:
        changes.append(f"rows are padded with {new.pad!r} instead of {old.pad!r}")
    if old.valid_iob2 and not new.valid_iob2:
        changes.append("tags are no longer always valid IOB2")
    for name, signature in sorted(old.signatures.items()):
        if name not in new.signatures:
            changes.append(f"signature {name} is gone")
            continue
        differences = [*_inputs(signature, new.signatures[name]), *_outputs(signature, new.signatures[name])]
        changes.extend(f"signature {name}: {change}" for change in differences)
    return changes


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
