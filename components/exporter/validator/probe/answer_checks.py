"""Checks of the answers of every signature, for models of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .endpoint import Arrays, Context, Endpoint, require_outputs
from .pitfalls import CheckFailedError, NothingToCheck, counted
from .values import PLAIN_TEXTS, UNUSUAL_KEYS, from_json, strings, unusual_numbers

_THREADS = 4
_RUNS = 4  # per thread
_ALONE = 8  # rows that are also sent alone
_BATCH = 32


def batch_sizes(context: Context, endpoint: Endpoint) -> str:
    """Answers have as many rows as requests."""
    sizes = context.options["batches"] if endpoint.batched else [endpoint.fixed_size]
    for size in sizes:
        request = endpoint.request(1 if size is None else size)
        action = f"a batch of {size}" if size is not None else "a request"
        answer = endpoint.call(request, action, "empty_batch" if size == 0 else "unknown_error")
        require_outputs(endpoint, answer, size)
    return f"batches of {', '.join(map(str, sizes))}"


def golden_answers(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Known requests get the known answers, bit for bit."""
    if not endpoint.golden:
        return NothingToCheck("no known requests")
    for number, case in enumerate(endpoint.golden):
        inputs = {name: endpoint.parse(name, value) for name, value in case["inputs"].items()}
        answer = endpoint.call(inputs, f"golden request {number}")
        for name, value in case["outputs"].items():
            if name not in answer:
                raise CheckFailedError("off_contract", f"golden request {number}: no output {name}")
            _require_same(
                f"golden request {number}: output {name}", from_json(value, endpoint.dtype(name)), answer[name]
            )
    return counted(len(endpoint.golden), "request")


def forwarded(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Keys and features come back unchanged and in order: duplicates, empty ones, 10 kB, any bytes."""
    checked = []
    for output, source in endpoint.forwards.items():
        name, _, feature = source.partition(":")
        sent = _odd_values(endpoint, name, feature)
        if sent is None:
            continue
        checked.append(output)
        for part, request in _requests_with(endpoint, source, sent):
            answer = endpoint.call(request, f"unusual values of {source}", "key_changed")
            _require_returned(source, part, output, answer[output])
    return ", ".join(checked) if checked else NothingToCheck("nothing is forwarded")


def repeatable(context: Context, endpoint: Endpoint) -> str:
    """The same request gives the same answer, twice and from several threads at once."""
    request = endpoint.request(_BATCH if endpoint.batched else 1)
    first = endpoint.call(request, "a request")

    def runs(_: int) -> list[Arrays]:
        return [endpoint.call(request, f"a request, {_THREADS} threads at once") for _ in range(_RUNS)]

    answers = [endpoint.call(request, "the same request again")]
    with ThreadPoolExecutor(_THREADS) as pool:
        answers += [answer for thread in pool.map(runs, range(_THREADS)) for answer in thread]
    for answer in answers:
        for name, value in answer.items():
            if not _same(first[name], value):
                raise CheckFailedError("not_repeatable", f"output {name} differs between runs of the same request")
    return f"{len(answers) + 1} runs, {_THREADS} threads"


def batch_independence(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """A row gets the same answer alone and in a batch; texts also next to one of 300 words."""
    if not endpoint.batched:
        return NothingToCheck("the signature takes no batches")
    request = _mixed_batch(endpoint, context.limit)
    together = endpoint.call(request, f"a batch of {_BATCH}")
    for row in range(_ALONE):
        alone = endpoint.call({name: value[row : row + 1] for name, value in request.items()}, "a row alone")
        for name, value in alone.items():
            if value.shape[:1] != (1,) or together[name].shape[:1] != (_BATCH,):
                continue  # `batch_sizes` reports outputs without rows
            if not alike(value[0], together[name][row], context.pad):
                raise CheckFailedError(
                    "rows_mixed",
                    f"output {name} of row {row} is {_format(value[0])} alone and {_format(together[name][row])} "
                    f"in a batch of {_BATCH}",
                )
    return f"{_ALONE} rows alone and in a batch of {_BATCH}"


def _mixed_batch(endpoint: Endpoint, limit: int) -> Arrays:
    if not endpoint.takes_text:
        return endpoint.request(_BATCH)
    times = min(60, limit // 400) if limit else 60
    long = b" ".join(PLAIN_TEXTS[0].encode() for _ in range(times))  # 300 words
    texts = [*endpoint.plain_texts[: _ALONE - 1], long]
    return endpoint.text_request([texts[row % len(texts)] for row in range(_BATCH)])


def _requests_with(endpoint: Endpoint, source: str, values: np.ndarray) -> Iterator[tuple[np.ndarray, Arrays]]:
    """Yields requests with values of an input, and the values in each.

    Known requests of a model without texts are kept: rows of a ragged input, for example, cannot be chosen one by one.
    """
    known = [case["inputs"] for case in endpoint.golden if source in case["inputs"]]
    parsed = [{name: endpoint.parse(name, value) for name, value in inputs.items()} for inputs in known]
    usable = [inputs for inputs in parsed if inputs[source].ndim and len(inputs[source])]
    if endpoint.takes_text or not usable:
        yield values, endpoint.request(len(values), {source: values})
        return
    carrier = max(usable, key=lambda inputs: len(inputs[source]))
    rows = len(carrier[source])
    for start in range(0, len(values), rows):
        part = values[np.arange(start, start + rows) % len(values)]
        yield part, {**carrier, source: part}


def _require_returned(source: str, sent: np.ndarray, output: str, answer: np.ndarray) -> None:
    received = answer.reshape(-1, *sent.shape[1:])
    if len(received) != len(sent):
        raise CheckFailedError("key_changed", f"{len(sent)} values of {source} in, {len(received)} of {output} out")
    for row, (before, after) in enumerate(zip(sent, received, strict=True)):
        if not _same(before, after):
            raise CheckFailedError(
                "key_changed", f"row {row}: {source} was {_format(before)}, {output} is {_format(after)}"
            )


def _odd_values(endpoint: Endpoint, name: str, feature: str) -> np.ndarray | None:
    """Returns values to send; None if the model itself reads the input, since it may accept few numbers only."""
    tensor = endpoint.contract["inputs"][name]
    if feature:
        type_name = tensor["serialized"][feature]["dtype"]
        dtype = np.dtype(object if type_name == "string" else type_name)
    else:
        dtype = endpoint.dtype(name)
    if tensor.get("shape") == [] or (not tensor.get("role") and np.issubdtype(dtype, np.integer)):
        return None
    values = strings(UNUSUAL_KEYS) if dtype.kind == "O" else unusual_numbers(dtype)
    inner = [1 if dim is None else dim for dim in (tensor.get("shape") or [None])[1:]] if not feature else []
    return np.broadcast_to(values.reshape(-1, *[1] * len(inner)), (len(values), *inner)).copy()


def _require_same(name: str, expected: np.ndarray, actual: np.ndarray) -> None:
    if not expected.size and not actual.size and expected.shape[:1] == actual.shape[:1]:
        return  # an empty list has no inner shape
    if expected.shape != actual.shape:
        raise CheckFailedError("wrong_tags", f"{name} has shape {list(actual.shape)} instead of {list(expected.shape)}")
    if not _same(expected, actual):
        raise CheckFailedError("wrong_tags", f"{name} is {_format(actual)} instead of {_format(expected)}")


def _same(one: Any, other: Any) -> bool:
    """Compares bit for bit, because -0.0 and NaN count."""
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype == object or other.dtype == object:
        return one.shape == other.shape and bool(np.all(one == other))
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def alike(alone: np.ndarray, batched: np.ndarray, pad: str) -> bool:
    """Compares two answers to one row up to padding, and numbers up to the rounding of another order of summation."""
    alone, batched = np.asarray(alone), np.asarray(batched)
    if alone.ndim and alone.shape != batched.shape:
        width = alone.shape[0]
        rest = batched[width:]
        filler = pad.encode() if alone.dtype == object else 0
        if len(rest) != max(len(batched) - width, 0) or not np.all(rest == filler):
            return False
        batched = batched[:width]
    if alone.shape != batched.shape:
        return False
    if np.issubdtype(alone.dtype, np.floating):
        return bool(np.allclose(alone, batched, rtol=1e-3, atol=1e-5, equal_nan=True))
    return bool(np.all(alone == batched))


def _format(value: Any) -> str:
    text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 120 else f"{text[:120]}..."
