"""Entry point of the separate process: reads a request from a file and writes lines of JSON to standard output.

The parent reads the lines as they come, so a process that dies has reported its progress.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from . import served_model
from .c_api import TensorFlowError, library
from .checks import CHECKS, NEEDED, NEEDED_BY_SIGNATURE, Check, check_safety, load
from .endpoint import Context
from .limits import limit_process, private_output
from .pitfalls import CheckFailedError, NothingToCheck
from .saved_graph import derived_contract, entity_types
from .values import to_json

_lock = threading.Lock()
_output: TextIO = sys.stdout


def main(request_file: str) -> None:
    """Runs the task of the request file: `validate`, `describe`, `record` or `safe`.

    Each request to the model is announced by a line, so that the parent knows how long the model takes to answer.
    """
    global _output
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    limit_process(request["seconds"], request["memory_bytes"])
    _output = private_output()
    served_model.announce = _announce
    tasks = {"validate": _validate, "describe": _describe, "record": _record, "safe": _safe}
    try:
        tasks[request["task"]](request)
    except CheckFailedError as error:
        _write(refused_model={"pitfall": error.pitfall, "detail": error.detail, "fix": error.fix})
    except (TensorFlowError, ValueError) as error:
        sys.exit(str(error))
    _write(modules=sorted({name.partition(".")[0] for name in sys.modules}))


def _validate(request: dict[str, Any]) -> None:
    context = _context(request)
    _write(loader=f"TensorFlow {library().TF_Version().decode()} C API, TF_LoadSessionFromSavedModel")
    for check in CHECKS:
        if check.name in request["skip"] and check.name not in NEEDED:
            continue
        failed = [target for target in _targets(check, context) if not _run(check, context, target)]
        if failed and check.name in NEEDED:
            break
        if check.name in NEEDED_BY_SIGNATURE:
            context.ruled_out.update(failed)
        if check.name == "saved_model" and not context.contract:
            context.contract = derived_contract(context.parsed, context.golden)
            _write(contract=context.contract)


def _targets(check: Check, context: Context) -> Iterator[str]:
    """Yields names of signatures; one empty name for a check that runs once."""
    if check.scope == "folder":
        yield ""
    else:
        known = {*context.contract["signatures"]} & {*context.parsed.methods}
        yield from sorted(known - context.ruled_out)


def _run(check: Check, context: Context, signature: str) -> bool:
    _write(started={"name": check.name, "signature": signature})
    begin = time.perf_counter()
    result: dict[str, Any] = {"passed": True, "fix": "", "pitfall": ""}
    try:
        target = context.endpoints[signature] if check.scope == "endpoint" else signature
        outcome = check.run(context) if check.scope == "folder" else check.run(context, target)
        detail = outcome.reason if isinstance(outcome, NothingToCheck) else outcome
        result |= {"detail": detail, "skipped": detail is not outcome}
    except CheckFailedError as error:
        result = {"passed": False, "detail": error.detail, "fix": error.fix, "pitfall": error.pitfall}
    seconds = round(time.perf_counter() - begin, 4)
    _write(check={"name": check.name, "signature": signature, **result, "seconds": seconds})
    return bool(result["passed"])


def _context(request: dict[str, Any]) -> Context:
    return Context(Path(request["model"]), request.get("contract") or {}, request["golden"], request)


def _safe(request: dict[str, Any]) -> None:
    check_safety(_context(request))


def _describe(request: dict[str, Any]) -> None:
    context = _context(request)
    try:
        check_safety(context)
        reason = ""
    except CheckFailedError as error:
        if context.graph is None:
            raise
        reason = f"{error.detail} ({error.pitfall})"
    graph = context.parsed
    stored = graph.stored_variables()
    _write(
        unsafe=reason,
        contract=derived_contract(graph, request["golden"]),
        ops=sorted(graph.ops()),
        assets=graph.assets,
        entity_types=entity_types(graph, context.folder),
        variables=len(stored),
        variable_bytes=sum(stored.values()),
        unread_bytes=sum(size for name, size in stored.items() if name not in graph.read_variables()),
        written_by=graph.message.meta_info_def.tensorflow_version,
    )


def _record(request: dict[str, Any]) -> None:
    """Sends generated requests to every signature and writes the answers as golden answers."""
    context = _context(request)
    check_safety(context)
    context.contract = context.contract or derived_contract(context.parsed, context.golden)
    load(context)
    for name, endpoint in sorted(context.endpoints.items()):
        for size in request["batches"] if endpoint.batched else [None]:
            inputs = endpoint.request((endpoint.fixed_size or 1) if size is None else size)
            case = {"signature": name, "rows": size, "inputs": _values(inputs)}
            try:
                outputs = endpoint.call(inputs, f"a batch of {size}")
            except CheckFailedError as error:
                _write(refused={**case, "detail": error.detail})
                continue
            _write(golden={**case, "outputs": _values(outputs)})


def _values(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: to_json(value) for name, value in arrays.items()}


def _announce(action: str) -> None:
    _write(asked=action)


def _write(**line: Any) -> None:
    with _lock:
        print(json.dumps(line), file=_output, flush=True)
