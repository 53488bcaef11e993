"""Checks of the graph in saved_model.pb, without loading the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .c_api import has_cpu_kernel, registered_ops
from .endpoint import Context
from .pitfalls import CheckFailedError, NothingToCheck, counted
from .safe_graph import require_readable_one_way, require_safe_ops
from .saved_graph import TensorInfo

_PREDICT = "tensorflow/serving/predict"
# An absolute path: a text that begins like one (at least two parts), or one of the usual roots within a name.
_ROOTS = "home|root|tmp|var|usr|opt|mnt|srv|work|workspace|workdir|data|build|content|Users|private|dev/shm|github"
_PATH = re.compile(
    rf"^/[\w.+-]+/[\w.+-]+|(?<![A-Za-z0-9.])/(?:{_ROOTS})/[\w.+-]+|\b[A-Za-z]:\\\w+|\b(?:file|gs|s3)://\w+"
)
_SERVED_DTYPES = frozenset(
    [*(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)), "float32", "float64", "bool", "string"]
)
_UNREAD_SHARE = 0.01  # of the variables, for seeds of dropout layers and the like


def safe_graph(context: Context) -> str:
    """No op of any function leaves the process or opens files, other than variables and assets of the model."""
    saved = context.parsed.saved
    require_readable_one_way(saved, context.parsed.content)
    return require_safe_ops(saved, registered_ops())


def stock_ops(context: Context) -> str:
    """Every op has a CPU kernel in TensorFlow's own C++ library, which is all that a stock server has."""
    ops = context.parsed.ops()
    known = registered_ops()
    for op, place in sorted(ops.items()):
        if op not in known or not has_cpu_kernel(op):
            problem = "is unknown to" if op not in known else "has no CPU kernel in"
            raise CheckFailedError("custom_op", f"op {op} in {place} {problem} TensorFlow's C++ library")
    return f"{counted(len(ops), 'kind')} of ops"


def no_build_paths(context: Context) -> str:
    """No text of an op and no file holds an absolute path of the build machine."""
    for place, text in context.parsed.texts():
        if _PATH.search(text):
            raise CheckFailedError("build_paths", f"{place}: {text[:200]!r}")
    for path in [context.folder / "saved_model.pb", *sorted(context.folder.glob("debug/*"))]:
        content = path.read_bytes()
        for root in context.options.get("build_paths", []):
            if match := re.search(re.escape(root.encode()) + rb"[\w./+-]*", content):
                raise CheckFailedError("build_paths", f"{path.name} holds {match.group().decode()!r}")
    return "none"


def weights_once(context: Context) -> str | NothingToCheck:
    """The checkpoint holds only variables that signatures read."""
    stored, read = context.parsed.stored_variables(), context.parsed.read_variables()
    used = sum(size for name, size in stored.items() if name in read)
    unread = {name: size for name, size in stored.items() if name not in read}
    total = used + sum(unread.values())
    if sum(unread.values()) > max(_UNREAD_SHARE * used, 1024):
        trained = any(re.search(r"(?i)optimizer|adam|/momentum|/velocity|iteration", name) for name in unread)
        most = sorted(unread, key=lambda name: -unread[name])[:3]
        raise CheckFailedError(
            "training_state" if trained else "weights_twice",
            f"{total:,} bytes are stored and {used:,} read; not read: {', '.join(most)} and {len(unread)} in all",
        )
    if not total:
        return NothingToCheck("no variables")
    return f"{total:,} bytes of variables, {total - used:,} of them unread"


def all_signatures(context: Context) -> str:
    """The signatures are those of the contract."""
    actual, promised = set(context.parsed.methods), set(context.contract["signatures"])
    if missing := sorted(promised - actual):
        raise CheckFailedError("off_contract", f"no signature {', '.join(missing)}; there are {sorted(actual)}")
    if extra := sorted(actual - promised):
        raise CheckFailedError("off_contract", f"signature {', '.join(extra)} is not in the contract")
    return ", ".join(sorted(actual))


def names_and_types(context: Context, signature: str) -> str:
    """Names, dtypes and ranks of the signature are those of the contract."""
    method = context.parsed.methods[signature]
    if method != _PREDICT:
        raise CheckFailedError("off_contract", f"method {method!r} instead of {_PREDICT!r}")
    contract = context.contract["signatures"][signature]
    _compare("input", contract["inputs"], context.parsed.inputs(signature))
    _compare("output", contract["outputs"], context.parsed.outputs(signature))
    return f"{counted(len(contract['inputs']), 'input')}, {counted(len(contract['outputs']), 'output')}"


def served_dtypes(context: Context, signature: str) -> str:
    """Requests and answers have dtypes that TensorFlow Serving's REST API reads and writes."""
    sides = (("input", context.parsed.inputs(signature)), ("output", context.parsed.outputs(signature)))
    for side, tensors in sides:
        for name, info in tensors.items():
            if not info.tensor:
                raise CheckFailedError("off_contract", _composite(side, name))
            if info.dtype not in _SERVED_DTYPES:
                change = "cast it to float32" if info.dtype in ("bfloat16", "float16") else "return another dtype"
                raise CheckFailedError(
                    "dtype_not_served",
                    f"{side} {name} is {info.dtype}, which TensorFlow Serving's REST API cannot "
                    f"{'read' if side == 'input' else 'write'}; {change}",
                )
    return counted(sum(len(tensors) for _, tensors in sides), "tensor")


def _composite(side: str, name: str) -> str:
    return f"{side} {name} is sparse or ragged, which a request cannot hold; make it dense (to_tensor)"


def _compare(side: str, contract: Mapping[str, Any], actual: Mapping[str, TensorInfo]) -> None:
    for name, info in actual.items():
        if not info.tensor:
            raise CheckFailedError("off_contract", _composite(side, name))
    if set(contract) != set(actual):
        types = {name: info.dtype for name, info in actual.items()}
        strings = any(tensor["dtype"] == "string" for tensor in contract.values())
        bare = strings and not any(dtype == "string" for dtype in types.values())
        pitfall = "ids_for_strings" if bare else "off_contract"
        raise CheckFailedError(pitfall, f"{side}s are {types}, expected {sorted(contract)}")
    for name, tensor in contract.items():
        info = actual[name]
        if tensor["dtype"] != info.dtype:
            pitfall = "ids_for_strings" if tensor["dtype"] == "string" else "off_contract"
            raise CheckFailedError(pitfall, f"{side} {name} has dtype {info.dtype} instead of {tensor['dtype']}")
        _compare_shapes(side, name, tensor.get("shape"), info.shape)


def _compare_shapes(side: str, name: str, promised: Any, actual: tuple[int | None, ...] | None) -> None:
    if promised is None or (actual is None and side == "output"):  # checked in the answers
        return
    if actual is None or len(actual) != len(promised):
        rank = "no known rank" if actual is None else f"rank {len(actual)}"
        raise CheckFailedError("off_contract", f"{side} {name} has {rank} instead of rank {len(promised)}")
    if promised[:1] == [None] and actual[0] is not None:
        pitfall = "fixed_batch" if side == "input" else "rank_as_batch"
        raise CheckFailedError(pitfall, f"{side} {name} is {list(actual)}: only batches of {actual[0]}")
    for size, actual_size in zip(promised, actual, strict=True):
        if size is None and actual_size is not None and side == "input":
            raise CheckFailedError("off_contract", f"{side} {name} is {list(actual)} instead of {promised}")
        if None not in (size, actual_size) and size != actual_size:
            raise CheckFailedError("off_contract", f"{side} {name} is {list(actual)} instead of {promised}")
