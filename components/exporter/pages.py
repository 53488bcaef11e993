"""Documentation generated from code: parts of docs/serving.md, and docs/pitfalls.md.

`python -m components.exporter.pages docs` updates both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from components.exporter.contract.contract_template import FEATURES, ContractTemplate
from components.exporter.validator.probe.checks import CHECKS
from components.exporter.validator.probe.pitfalls import PITFALLS

_MARK = "<!-- generated from {}: {} -->"
_PITFALLS_HEAD = """# Pitfalls of exporting models

The mistakes that the validator recognizes. Each of them loads, trains or even serves somewhere, and fails in
production. This page is generated from components/exporter/validator/probe/pitfalls.py. Broken exports are built in
tests/components/exporter/validator/test_pitfall_clinic.py and
tests/components/exporter/saved_model/test_explained_errors.py.
"""


def contract_page() -> str:
    """Returns the contract as Markdown: tables of signatures, groups of outputs, defaults and tensors."""
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
    lines = ["| check | runs | condition |", "|---|---|---|"]
    for check in CHECKS:
        meaning = " ".join((check.run.__doc__ or "").split())
        lines.append(f"| `{check.name}` | {'once' if check.scope == 'folder' else 'for every signature'} | {meaning} |")
    return "\n".join(lines) + "\n"


def pitfalls_page() -> str:
    """Returns docs/pitfalls.md."""
    sections = (
        f"\n## {name}\n\n**{pitfall.title}**\n\n"
        f"- Symptom: {pitfall.symptom}\n- Cause: {pitfall.cause}\n- Cure: {pitfall.cure}\n"
        for name, pitfall in PITFALLS.items()
    )
    return _PITFALLS_HEAD + "".join(sections)


def refreshed(page: str) -> str:
    """Returns docs/serving.md with its generated parts replaced.

    Raises:
        ValueError: the page lacks the marks of a generated part.
    """
    for source, content in (("schemas/serving_contract.yaml", contract_page()), ("the validator", checks_page())):
        begin, end = _MARK.format(source, "begin"), _MARK.format(source, "end")
        head, opened, rest = page.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (opened and closed):
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
    docs = Path(sys.argv[1])
    (docs / "pitfalls.md").write_text(pitfalls_page(), encoding="utf-8")
    serving = docs / "serving.md"
    serving.write_text(refreshed(serving.read_text(encoding="utf-8")), encoding="utf-8")
