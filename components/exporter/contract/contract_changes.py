"""Which differences between two contracts break a caller of the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract


def breaking_changes(old: Contract, new: Contract) -> list[str]:
    """Says what a client of the old model would trip over with the new one.

    A signature or an output more breaks nobody, but for one case: TensorFlow Serving's REST answer names its outputs
    only where there are several.

    Args:
        old: what callers rely on (the champion's contract).
        new: what would be served.

    Returns:
        One sentence a change, naming signature and tensor; empty: the new model can take the old one's place.
    """
    changes = []
    if old.pad != new.pad:
        changes.append(f"rows are padded with {new.pad!r} instead of {old.pad!r}")
    if old.legal and not new.legal:
        changes.append("tags are no longer always legal IOB2")
    for name, signature in sorted(old.signatures.items()):
        if name not in new.signatures:
            changes.append(f"signature {name} is gone")
            continue
        found = [*_inputs(signature, new.signatures[name]), *_outputs(signature, new.signatures[name])]
        changes.extend(f"signature {name}: {change}" for change in found)
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


def _fits(given: tuple[int | None, ...] | None, wanted: tuple[int | None, ...] | None) -> bool:
    """Whether every tensor of shape `given` is one of shape `wanted`."""
    if wanted is None or given is None:
        return wanted is None
    return len(given) == len(wanted) and all(want in (None, have) for have, want in zip(given, wanted, strict=True))


def _text(shape: tuple[int | None, ...] | None) -> str:
    return "of any rank" if shape is None else f"[{', '.join('any' if dim is None else str(dim) for dim in shape)}]"
