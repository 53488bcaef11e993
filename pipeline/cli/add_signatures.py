"""`ner add-signatures`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from components.common.errors import NerError

_DTYPES = ("string", "float32", "int64")
_MODEL = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("source", type=_MODEL)
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--add", multiple=True, type=click.Choice(["keyed", "feature_forward"]), help="A signature to add.")
@click.option("--default", metavar="SIGNATURE", help="The signature, new or old, that becomes serving_default.")
@click.option("--forward", metavar="NAME[:DTYPE],...", default="", help="What feature_forward hands through.")
@click.option("--keep-original-as", metavar="NAME", help="Name under which the original serving_default stays.")
@click.option("--base", default="serving_default", show_default=True, help="The signature that new ones extend.")
@click.option("--key", default="key", show_default=True, help="What the key is called.")
@click.option("--golden", type=click.Path(path_type=Path, exists=True), help="JSON lines of known requests.")
@click.option("--report", type=click.Path(path_type=Path), help="Where the validation report goes.")
def add_signatures(
    source: Path,
    destination: Path,
    add: tuple[str, ...],
    default: str | None,
    forward: str,
    keep_original_as: str | None,
    base: str,
    key: str,
    golden: Path | None,
    report: Path | None,
) -> None:
    """Copy the SavedModel SOURCE to DESTINATION with more signatures; the code that made it is not needed.

    The copy has all old signatures, assets and weights, is compared with the source bit for bit, and is kept only if it
    passes the validator. A feature of --forward that the model takes as input keeps its dtype; others are strings
    unless a dtype (string, float32, int64) is given.
    """
    from components.exporter.add_signatures.add_signatures import add_signatures as add_signatures_to

    found = add_signatures_to(
        source,
        destination,
        add=add,
        default=default,
        forward=_features(forward),
        keep_original_as=keep_original_as,
        base=base,
        key=key,
        golden=_known_requests(golden),
        report_path=report,
    )
    click.echo(f"{destination}: {', '.join(sorted(found.contract.signatures))}; {len(found.checks)} checks passed")


def _features(text: str) -> dict[str, str]:
    features = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, dtype = part.partition(":")
        if dtype and dtype not in _DTYPES:
            raise NerError(f"--forward {part}: the dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}.")
        features[name] = dtype or "string"
    return features


def _known_requests(file: Path | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    cases = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            case = json.loads(line)
            cases.append({"signature": case["signature"], "inputs": case["inputs"], "outputs": case.get("outputs", {})})
        except (ValueError, KeyError, TypeError) as error:
            raise NerError(
                f"{file}:{number}: not a known request ({type(error).__name__}: {error}). "
                'Each line must be {"signature": NAME, "inputs": {NAME: VALUES}}.'
            ) from error
    return cases
