"""`ner add-signatures`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import announce
from components.common.errors import NerError
from components.common.json_lines import read_json_lines
from components.keys import SERVING_DEFAULT
from pipeline.cli.options import limit_options, named_dtype

if TYPE_CHECKING:
    from components.exporter import Signatures

_MODEL = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("source", type=_MODEL)
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--key", metavar="NAME[:DTYPE]", help="Add the signature keyed, which returns a key of this name.")
@click.option("--forward", metavar="NAME[:DTYPE],...", default="", help="Add feature_forward, which returns these.")
@click.option("--default", metavar="SIGNATURE", help="Signature, added or old, that becomes serving_default.")
@click.option("--keep-default-as", metavar="NAME", help="Name under which the old serving_default stays.")
@click.option("--base", default=SERVING_DEFAULT, show_default=True, help="Old signature that the added ones extend.")
@click.option("--golden", type=click.Path(path_type=Path, exists=True), help="JSON lines of known requests.")
@click.option("--report", type=click.Path(path_type=Path), help="File for the validation report.")
@limit_options
def add_signatures(
    source: Path, destination: Path, base: str, golden: Path | None, report: Path | None, **options: str | None
) -> None:
    """Copy the SavedModel SOURCE to DESTINATION with more signatures, without the code that made it.

    The copy has all old signatures, assets and weights. Its answers are compared with the source's bit for bit, and it
    is kept only if it passes the validator. A feature of --forward that the model takes as input keeps its dtype;
    others, and the key, are strings unless a dtype (string, float32, int64) is given. --keep-default-as is
    unkeyed_signature if another signature becomes the default.
    """
    announce(f"ner add-signatures: loading {source}")
    from components.exporter import add_signatures as add_signatures_to

    result = add_signatures_to(
        source,
        destination,
        _signatures(options),
        base=base,
        golden=_known_requests(golden),
        report_path=report,
    )
    click.echo(f"{destination}: {', '.join(sorted(result.contract.signatures))}; {len(result.checks)} checks passed")


def _signatures(options: Mapping[str, str | None]) -> Signatures:
    from components.exporter import Signatures

    parts = filter(None, (part.strip() for part in (options["forward"] or "").split(",")))
    key, dtype = (None, "string") if options["key"] is None else named_dtype(options["key"], "--key")
    return Signatures(
        default=options["default"],
        key=key,
        key_dtype=dtype,
        forward=dict(named_dtype(part, "--forward") for part in parts),
        keep_default_as=options["keep_default_as"],
    )


def _known_requests(file: Path | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    cases = []
    for number, case in read_json_lines(file):
        try:
            cases.append({"signature": case["signature"], "inputs": case["inputs"], "outputs": case.get("outputs", {})})
        except KeyError as error:
            raise NerError(
                f"{file}:{number}: not a known request (it has no field {error}). "
                'Write one JSON object per line: {"signature": NAME, "inputs": {NAME: VALUES}}.'
            ) from error
    return cases
