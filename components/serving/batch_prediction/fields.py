"""Fields of the input, kinds of files, and formats of the output."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from components.common.errors import quoted
from components.common.files import office_remedy_by_name, packed_by_name
from components.corpus_example_gen.corpus.layout import EXTENSIONS
from components.keys import TEXT_NAMES
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.labelled_input import USE_OF_LABELLED

STANDARD = "-"
"""Name of standard input and standard output."""

JSON_LINES, CSV, TSV, PARQUET, TFRECORD, TEXT, BRAT = "jsonl", "csv", "tsv", "parquet", "tfrecord", "text", "brat"
SEMICOLONS = "csv;"
"""Kind of a CSV file with semicolons, as Excel writes it where the comma is in numbers."""
DELIMITERS = {CSV: ",", SEMICOLONS: ";", TSV: "\t"}
"""Kinds of tables in text, with what separates their cells."""
AS_CSV, UNQUOTED = "csv", "none"
"""Quoting of a table in text: cells with separators or quotes are quoted, or quotes are part of the cells."""
FORMATS = ("entities", "highlight", "brat", "conll", "doccano")

ENTITY_COLUMNS = ("entity", "label", "start", "end", "score")
"""Columns of a table of entities: the text of the entity and its values."""
TOKEN_FIELDS = ("tokens", "tags", "scores", "starts", "ends")
LINE = "line"
"""Field of the answer to a row without a key: its line, or number of the record, from 1."""
_ANSWER_FIELDS = ("entities", "outputs")
_OF_DOCCANO = ("text", "label")
_SUFFIXES = {
    ".jsonl": JSON_LINES, ".json": JSON_LINES, ".ndjson": JSON_LINES, ".csv": CSV, ".tsv": TSV, ".parquet": PARQUET,
    ".tfrecord": TFRECORD, ".tfrecords": TFRECORD, ".txt": TEXT,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Fields:
    """Names of the fields (columns, features) of a row.

    Attributes:
        text: the sentence.
        key: identifies the row for the caller; None: rows have no key.
        forward: fields that the output repeats.
        all: whether to read all fields of a row, because inputs of the signature have their names.
        usual: whether the text is the field with a usual name, because no option names it.
        has_text: whether the input was seen to have that field.
    """

    text: str
    key: str | None = None
    forward: tuple[str, ...] = ()
    all: bool = False
    usual: bool = False
    has_text: bool = dataclasses.field(default=False, compare=False)

    @property
    def kept(self) -> tuple[str, ...]:
        """Fields of the output, in order."""
        return tuple(dict.fromkeys([*([self.key] if self.key is not None else []), *self.forward]))

    @property
    def numbered(self) -> bool:
        """True if the answer names the line of a row, because nothing else does."""
        return self.key is None and LINE not in self.forward

    @property
    def required(self) -> tuple[str, ...]:
        """Fields without which a row cannot be tagged."""
        return tuple(dict.fromkeys([self.text, *([self.key] if self.key is not None else [])]))

    @property
    def named(self) -> tuple[str, ...]:
        """All fields that the user named."""
        return tuple(dict.fromkeys([self.text, *self.kept]))

    def check(self, format_name: str, with_tokens: bool, kind: str) -> None:
        """Checks that no field has the name of a part of the answer.

        Args:
            format_name: of the answer.
            with_tokens: whether the answer has tokens.
            kind: of the output.

        Raises:
            BatchError: one has.
        """
        for name in self.kept:
            taken = _ANSWER_FIELDS + (TOKEN_FIELDS if with_tokens else ())
            if format_name == "doccano" or kind in DELIMITERS:
                taken = _OF_DOCCANO if format_name == "doccano" else ENTITY_COLUMNS
            if name in taken and not (name == "text" and name == self.text):
                option = "--key" if name == self.key else "--forward"
                raise BatchError(
                    f"{option} {name}: the answer has a field of this name. Rename the field of the input."
                )

    def option(self, name: str) -> str:
        """Returns the option that names a field."""
        return "--text" if name == self.text else "--key" if name == self.key else "--forward"

    def lacking(self, names: Collection[str]) -> str | None:
        """Returns the first field without which a row cannot be tagged and which is not among the names."""
        return next((name for name in self.required if name not in names), None)

    def missing(self, where: str, name: str, present: list[str]) -> str:
        """Returns the error for a field that the input does not have."""
        shown = ", ".join(quoted(each)[1:-1] for each in present[:20]) or "no fields"
        if self.usual and name == self.text:
            usual = ", ".join(TEXT_NAMES)
            return f"{where}: has no field with a usual name of a text ({usual}), it has {shown}. Name one with --text."
        return f"{where}: has no field {quoted(name)}, it has {shown}. Give one of them with {self.option(name)}."


def usual_text_fields(names: Iterable[str]) -> list[str]:
    """Returns the names that are usual for a text, in any case and in the order of `TEXT_NAMES`.

    Example:
        >>> usual_text_fields(["id", "Sentence", "Text", "label"])
        ['Text', 'Sentence']
        >>> usual_text_fields(["Sentence", "Word", "Tag"])  # a column of numbers, in a labelled corpus
        []
    """
    forms = {name: re.sub(r"[\s_-]+", "_", name.strip("\ufeff \t").casefold()) for name in names}
    numbered = not {"word", "token"}.isdisjoint(forms.values())
    known_names = [known for known in TEXT_NAMES if not (numbered and known == "sentence")]
    return [name for known in known_names for name, form in forms.items() if form == known]


def input_kind(path: str) -> str:
    """Returns the kind of an input file.

    Raises:
        BatchError: the suffix is unknown.

    Example:
        >>> input_kind("a.jsonl.gz"), input_kind("data_tfrecord-00000-of-00001.gz"), input_kind("-")
        ('jsonl', 'tfrecord', 'jsonl')
    """
    name = Path(path).name.removesuffix(".gz")
    if path == STANDARD:
        return JSON_LINES
    if packed := packed_by_name(path):
        raise BatchError(f"--input {path}: is {packed.title}, which is not read. {packed.fix(path)}")
    if fix := office_remedy_by_name(path):
        raise BatchError(f"--input {path}: is an Office document, which is not read. {fix}")
    if re.search(r"tfrecords?(-\d+-of-\d+)?$", name):
        return TFRECORD
    suffix = Path(name).suffix.lower()
    kind = _SUFFIXES.get(suffix)
    if kind is None and suffix[1:] in EXTENSIONS:
        raise BatchError(
            f"--input {path}: the format is that of a labelled corpus, not of rows (.jsonl, .csv, .txt, …). "
            f"{USE_OF_LABELLED}."
        )
    if os.path.isdir(path):
        raise BatchError(f"--input {path}: is a folder. Give a file with rows (.jsonl, .csv, .txt, …).")
    if kind is None or (kind == PARQUET and path.endswith(".gz")):
        raise BatchError(
            f"--input {path}: the format is unknown. Give a file that ends in .jsonl, .csv, .tsv, .txt, .tfrecord "
            "(each also with .gz) or .parquet, or - for JSON lines on standard input."
        )
    return kind


def output_kind(path: str, format_name: str) -> str:
    """Returns the kind of an output file: JSON lines, Parquet, CSV, TSV, text or brat.

    Raises:
        BatchError: the suffix does not fit the format.

    Example:
        >>> output_kind("out.jsonl.gz", "entities"), output_kind("out.conll", "conll"), output_kind("-", "doccano")
        ('jsonl', 'text', 'jsonl')
    """
    name = path.removesuffix(".gz")
    suffix = Path(name).suffix.lower()
    if format_name == BRAT:
        if suffix != ".ann" or name != path:
            raise BatchError(f"--output {path}: brat has two files. Give one that ends in .ann; the text is in .txt.")
        return BRAT
    if format_name in ("highlight", "conll"):
        if suffix in (".parquet", ".jsonl", ".ndjson"):
            raise BatchError(f"--output {path}: {format_name} is text. Give a file that ends in .txt or .conll.")
        return TEXT
    if path == STANDARD or suffix in (".jsonl", ".json", ".ndjson"):
        return JSON_LINES
    if suffix in (".csv", ".tsv") or (suffix == ".parquet" and name == path):
        if format_name != "entities":
            raise BatchError(f"--output {path}: {format_name} has no {suffix} form. Give a file that ends in .jsonl.")
        return _SUFFIXES[suffix]
    if other := {".conll": "conll", ".txt": "conll or highlight", ".ann": "brat"}.get(suffix):
        raise BatchError(f"--output {path}: {format_name} has no {suffix} form. Add --format {other}.")
    raise BatchError(
        f"--output {path}: the format is unknown. Give a file that ends in .jsonl, .csv, .tsv (each also with .gz) or "
        ".parquet, or - for standard output."
    )
