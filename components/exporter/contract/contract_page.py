"""The parts of docs/serving.md that are written from the contract and from the validator.

`python -m components.exporter.contract.contract_page docs/serving.md` brings the page up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from components.exporter.contract.contract_template import FEATURES, ContractTemplate
from components.exporter.validator.probe.checks import CHECKS

_MARK = "<!-- generated from {}: {} -->"


def contract_page() -> str:
    """Returns the contract as Markdown: one table of signatures, one of tensors, one of defaults."""
    document = ContractTemplate.load().document
    lines = [f"Contract version {document['version']}. Rows are padded with the text of `exporter.pad` and with 0.", ""]
    lines += ["| signature | inputs | outputs | |", "|---|---|---|---|"]
    for name, signature in document["signatures"].items():
        forwarded = [path.rpartition(":")[2] for path in signature.get("forwarded", {})]
        cells = [
            f"`{name}`",
            _names(signature["inputs"]),
            ", ".join(["the answer", _names(forwarded)] if forwarded else ["the answer"]),
            signature["meaning"],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| `exporter.outputs` | the answer has |", "|---|---|", "| always | `tags` |"]
    lines += [f"| `{group}` | {_names(names)} |" for group, names in document["groups"].items()]
    lines += ["", "| `exporter.default` | is served as |", "|---|---|"]
    for name, names in document["defaults"].items():
        served = "; ".join(f"`{old}` as {_names(new)}" for old, new in names.items())
        lines.append(f"| `{name}` | {served} |")
    for side in ("inputs", "outputs"):
        lines += ["", f"| {side[:-1]} | dtype | shape | meaning | example |", "|---|---|---|---|---|"]
        lines += [_tensor(name, tensor) for name, tensor in document[side].items()]
    return "\n".join(lines) + "\n"


def checks_page() -> str:
    """Returns the checks of the validator as a Markdown table."""
    lines = ["| check | runs | what must hold |", "|---|---|---|"]
    for check in CHECKS:
        meaning = " ".join((check.run.__doc__ or "").split())
        lines.append(f"| `{check.name}` | {'once' if check.scope == 'folder' else 'for every signature'} | {meaning} |")
    return "\n".join(lines) + "\n"


def refreshed(page: str) -> str:
    """Returns a page with its generated parts replaced.

    Raises:
        ValueError: the page lacks one of them.
    """
    for source, content in (("schemas/serving_contract.yaml", contract_page()), ("the validator", checks_page())):
        begin, end = _MARK.format(source, "begin"), _MARK.format(source, "end")
        head, found, rest = page.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"the page lacks {begin} or {end}")
        page = f"{head}{begin}\n{content}{end}{tail}"
    return page


def _names(names: list[str]) -> str:
    return ", ".join("the configured features" if name == FEATURES else f"`{name}`" for name in names)


def _tensor(name: str, tensor: dict[str, Any]) -> str:
    example = f"`{json.dumps(tensor['example'], ensure_ascii=False)}`" if "example" in tensor else ""
    shape = f"[{', '.join(map(str, tensor['shape']))}]"
    return f"| `{name}` | {tensor['dtype']} | {shape} | {tensor['meaning']} | {example} |"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(refreshed(target.read_text(encoding="utf-8")), encoding="utf-8")
