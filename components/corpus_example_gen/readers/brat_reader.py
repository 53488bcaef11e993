"""Records of brat: a text (`x.txt`) and its annotations (`x.ann`).

Each line of the text is a sentence, as brat shows it; an entity across a line end joins the lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_text import CorpusText, iter_lines, load_content
from components.corpus_example_gen.readers.records import Records
from components.corpus_example_gen.readers.span_offsets import NAMES, Unit, text_length, to_characters

_KINDS = {"R": "relations", "*": "relations", "E": "events", "A": "attributes", "M": "attributes", "N": "references",
          "#": "comments"}  # fmt: skip
_SPAN = re.compile(r"(?P<label>\S+) (?P<offsets>\d+ \d+(?:;\d+ \d+)*)")


class _Entity(NamedTuple):
    """Entity of an annotation file: offsets in the text, type, text, line, and whether it has gaps."""

    start: int
    end: int
    label: str
    surface: str
    line: int
    is_discontinuous: bool


def is_brat(path: str, text: str) -> bool:
    r"""Returns whether a file holds annotations of brat: entities, and lines that begin with the id of another one.

    The ids alone do not show it: `A1` and `M25` are tokens, too.

    >>> is_brat("a.ann", "T1\tPER 0 3\tIda"), is_brat("a", "T1\tPER 0 3\tIda"), is_brat("a.conll", "A1\tB-ROAD")
    (True, True, False)
    """
    if path.endswith(".ann"):
        return True
    lines = [line for _, line in iter_lines(text[:10_000]) if line][:5]
    kinds = [re.match(r"(T)\d+\t\S+ \d+ \d+(?:;\d+ \d+)*\t|[REAMN#]\d+\t|\*\t", line) for line in lines]
    return all(kinds) and any(kind and kind[1] for kind in kinds)


def brat_records(path: str, annotations: str, unit: Unit, report: IngestReport) -> Records:
    """Returns one record per sentence, which `span_tools.BRAT` reads.

    Args:
        path: the annotation file.
        annotations: its text.
        unit: what the offsets count.
        report: receives the number of annotations that are not entities.

    Raises:
        CorpusError: the text is missing, or an annotation is not one of brat.
    """
    source = f"{path.removesuffix('.ann')}.txt"
    if not Path(source).is_file():
        problem, fix = "has no text file", f"Add {Path(source).name} next to it."
        raise CorpusError(path, None, problem, fix)
    content = CorpusText(source, load_content(source))
    if unit != "bytes" and (note := content.repair_controls()):
        report.note(f"{source}:{note[0]}", note[1])
    text = content.read()
    if "\r" in text:  # brat counts both characters of a line end; a text of Windows is usually converted, then
        raise CorpusError(source, None, "found carriage returns", "End all lines with LF, as brat does.")
    entities = list(_entities(path, annotations, report))
    edges = to_characters([(entity.start, entity.end) for entity in entities], text, unit)
    placed = []
    for entity, (start, end) in zip(entities, edges, strict=True):
        if start is None or end is None or start >= end:
            problem = f"found the entity {quoted(entity.surface)} at {entity.start} to {entity.end}"
            problem += f" in a text of {text_length(text, unit)} {NAMES[unit]}"
            raise CorpusError(path, entity.line, problem, "Correct it, or set corpus.offsets.")
        placed.append(entity._replace(start=start, end=end))
    name = Path(source).stem
    records = [(line, {**record, "document": name}) for line, record in _sentences(text, placed)]
    return Records(lambda: iter(records), len(records))


def _entities(path: str, annotations: str, report: IngestReport) -> Iterator[_Entity]:
    for number, line in iter_lines(annotations):
        if not line.strip():
            continue
        name, _, rest = line.partition("\t")
        if name[:1] in _KINDS and name[:1] != "T":
            report.leave_out(Counter([_KINDS[name[:1]]]))
            continue
        span, _, surface = rest.partition("\t")
        match = _SPAN.fullmatch(span)
        if not name.startswith("T") or not match or not surface:
            problem = f"found {quoted(line)}, expected an annotation of brat"
            raise CorpusError(path, number, problem, "Entities are T1, tab, type start end, tab, text.")
        pieces = [tuple(map(int, piece.split())) for piece in match["offsets"].split(";")]
        # Gaps of one character are line ends: brat divides an entity there.
        gaps = any(other[0] - one[1] > 1 for one, other in pairwise(pieces))
        yield _Entity(pieces[0][0], pieces[-1][1], match["label"], surface, number, gaps)


def _sentences(text: str, entities: list[_Entity]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line of the text, record) of the sentences."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    joined = set[int]()  # lines that continue the sentence of the line before
    owners: dict[int, list[_Entity]] = {}
    for entity in entities:
        first = bisect_right(starts, entity.start) - 1
        last = bisect_right(starts, entity.end - 1) - 1
        if not entity.is_discontinuous:
            joined.update(range(first + 1, last + 1))
        owners.setdefault(first, []).append(entity)
    line = 0
    while line < len(starts):
        last = line
        while last + 1 in joined:
            last += 1
        begin, end = starts[line], starts[last + 1] if last + 1 < len(starts) else len(text)
        inside = [entity for number in range(line, last + 1) for entity in owners.get(number, ())]
        part = text[begin:end].rstrip("\n")
        if part.strip() or inside:
            spans: list[dict[str, Any]] = []
            gaps: list[dict[str, Any]] = []
            for one in inside:
                span = {"start": one.start - begin, "end": one.end - begin, "label": one.label, "text": one.surface}
                (gaps if one.is_discontinuous else spans).append(span)
            yield line + 1, {"text": part, "spans": spans, "discontinuous": gaps}
        line = last + 1
