"""Formats that `ner data convert` writes."""

from __future__ import annotations

from pathlib import Path

from components.common.errors import NerError, quoted
from components.corpus_tools.writers.brat import BratWriter
from components.corpus_tools.writers.columns import ColumnsWriter
from components.corpus_tools.writers.hugging_face import HuggingFaceWriter, ParquetWriter
from components.corpus_tools.writers.spacy import DocBinWriter, TrainingJsonWriter
from components.corpus_tools.writers.spans import DoccanoWriter, JsonLinesWriter, LabelStudioWriter, ProdigyWriter
from components.corpus_tools.writers.writer import Writer

FORMATS: dict[str, type[Writer]] = {
    writer.name: writer
    for writer in (
        ColumnsWriter,
        JsonLinesWriter,
        HuggingFaceWriter,
        DoccanoWriter,
        ProdigyWriter,
        LabelStudioWriter,
        BratWriter,
        DocBinWriter,
    )
}
"""Name -> its usual writer."""


def make_writer(name: str, output: Path, *, alone: bool, suggestions: str = "") -> Writer:
    """Returns a writer; the extension of a single file chooses between two forms of a format.

    Example:
        >>> make_writer("spacy", Path("train.json"), alone=True).title
        'spaCy 3 (training JSON)'

    Args:
        name: a name of `FORMATS`.
        output: file or folder.
        alone: whether it is one file.
        suggestions: name of the model that made the entities; empty if people did.

    Raises:
        NerError: the format is unknown.
    """
    if name not in FORMATS:
        raise NerError(f"--to {quoted(name)}: unknown format. Use one of {', '.join(FORMATS)}.")
    if name == HuggingFaceWriter.name:
        if alone and output.suffix == ".parquet":
            return ParquetWriter(suggestions)
        return HuggingFaceWriter(suggestions, alone=alone)
    if name == DocBinWriter.name and alone and output.suffix == ".json":
        return TrainingJsonWriter(suggestions)
    return FORMATS[name](suggestions)
