"""Reads a request from a file, writes what it finds as lines of JSON to standard output.

The parent process reads the lines as they come: a process that dies says how far it got.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .c_api import TensorFlowError, library
from .check import Check
from .check_failed_error import CheckFailedError
from .checks import CHECKS, NEEDED, NEEDED_BY_SIGNATURE, load
from .context import Context
from .derived_contract import derived_contract
from .json_values import to_json
from .saved_graph import SavedGraph


def main(request_file: str) -> None:
    """Does what the request file says: `validate`, `describe` or `record`."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    {"validate": _validate, "describe": _describe, "record": _record}[request["task"]](request)
    _say(modules=sorted({name.partition(".")[0] for name in sys.modules}))


def _validate(request: dict[str, Any]) -> None:
    context = Context(Path(request["model"]), request["contract"] or {}, request["golden"], request)
    _say(loader=f"TensorFlow {library().TF_Version().decode()} C API, TF_LoadSessionFromSavedModel")
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
            _say(contract=context.contract)


def _targets(check: Check, context: Context) -> Iterator[str]:
    """Names of signatures; one empty name for what is checked once."""
    if check.scope == "folder":
        yield ""
    else:
        known = {*context.contract["signatures"]} & {*context.parsed.methods}
        yield from sorted(known - context.ruled_out)


def _run(check: Check, context: Context, signature: str) -> bool:
    _say(started={"name": check.name, "signature": signature})
    begin = time.perf_counter()
    found: dict[str, Any] = {"passed": True, "fix": "", "pitfall": ""}
    try:
        if check.scope == "folder":
            found["detail"] = check.run(context)
        else:
            target = context.endpoints[signature] if check.scope == "endpoint" else signature
            found["detail"] = check.run(context, target)
    except CheckFailedError as error:
        found = {"passed": False, "detail": error.detail, "fix": error.fix, "pitfall": error.pitfall}
    seconds = round(time.perf_counter() - begin, 4)
    _say(check={"name": check.name, "signature": signature, **found, "seconds": seconds})
    return bool(found["passed"])


def _describe(request: dict[str, Any]) -> None:
    graph = SavedGraph(Path(request["model"]))
    stored = graph.stored_variables()
    _say(
        contract=derived_contract(graph, request["golden"]),
        ops=sorted(graph.ops()),
        assets=graph.assets,
        variables=len(stored),
        variable_bytes=sum(stored.values()),
        unread_bytes=sum(size for name, size in stored.items() if name not in graph.read_variables()),
        written_by=graph.message.meta_info_def.tensorflow_version,
    )


def _record(request: dict[str, Any]) -> None:
    """Sends made-up requests to every signature and says what came back, as golden answers."""
    graph = SavedGraph(Path(request["model"]))
    contract = request["contract"] or derived_contract(graph, request["golden"])
    context = Context(Path(request["model"]), contract, request["golden"], request, graph)
    load(context)
    for name, endpoint in sorted(context.endpoints.items()):
        for size in request["batches"] if endpoint.batched else [None]:
            inputs = endpoint.request(1 if size is None else size)
            case = {"signature": name, "rows": size, "inputs": _values(inputs)}
            try:
                outputs = endpoint.call(inputs, f"a batch of {size}")
            except CheckFailedError as error:
                _say(refused={**case, "detail": error.detail})
                continue
            _say(golden={**case, "outputs": _values(outputs)})


def _values(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: to_json(value) for name, value in arrays.items()}


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (TensorFlowError, CheckFailedError, ValueError) as error:
        sys.exit(str(error))
