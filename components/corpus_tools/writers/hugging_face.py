"""Writer of Hugging Face data sets: `tokens` and `ner_tags`.

A folder of JSON lines holds numbers and, in its README.md, their names, so that `load_dataset(folder)` returns
`ClassLabel`s. A Parquet file holds both. A single file of JSON lines holds the tags as texts, because it names no
numbers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.corpus_tools.sentence import TEXT, AnnotatedSentence
from components.corpus_tools.writers.writer import RecordWriter, Writer

_TOKENS, _TAGS, _ID = "tokens", "ner_tags", "id"
# Fields that a reader takes for tokens or tags, and those of the writer.
_RESERVED = frozenset((
    "id", "text", "tokens", "words", "token", "tokenized_text", "ner_tags", "tags", "labels", "ner", "ner_tag",
    "named_entity", "bio_tags", "iob_tags", "label", "pos_tags", "chunk_tags", "langs", "spans",
))  # fmt: skip


class _Columns:
    """Columns of a data set with texts, and numbers of the tags in the order in which they come."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.tags: dict[str, int] = {}
        self.names: dict[str, None] = {}

    def record(self, sentence: AnnotatedSentence) -> dict[str, Any]:
        """Returns the columns of a sentence with its tags as texts."""
        self._writer.lose_scores(sentence)
        texts = {name: value for name, value in sentence.metadata.items() if name not in _RESERVED}
        self._writer.lose("metadata", len(texts) < len(sentence.metadata))
        if sentence.key is not None:
            texts = {_ID: sentence.key, **texts}
        if sentence.is_raw:
            texts[TEXT] = sentence.text
        self.names.update(zip(texts, repeat(None)))
        return {**texts, _TOKENS: list(sentence.words), _TAGS: list(sentence.tags)}

    def numbers(self, sentence: AnnotatedSentence) -> list[int]:
        """Returns the numbers of the tags: the outside tag is 0, and those of a type are next to each other."""
        numbers = []
        self.tags.setdefault(sentence.outside, len(self.tags))
        for tag in sentence.tags:
            if tag not in self.tags and tag[:2] in ("B-", "I-"):
                for prefix in "BI":
                    self.tags.setdefault(f"{prefix}-{tag[2:]}", len(self.tags))
            numbers.append(self.tags.setdefault(tag, len(self.tags)))
        return numbers


class HuggingFaceWriter(RecordWriter):
    """Writes JSON lines: a folder with numbers and their names, or a file with the tags as texts."""

    name = "hf"
    title = "Hugging Face (JSON lines)"
    dev = "validation"

    def __init__(self, suggestions: str, *, alone: bool) -> None:
        """Starts a data set; `alone` says that it is one file."""
        super().__init__(suggestions)
        self._columns, self._alone = _Columns(self), alone

    def record(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence."""
        del number
        record = self._columns.record(sentence)
        return record if self._alone else {**record, _TAGS: self._columns.numbers(sentence)}

    def finish(self, folder: Path, files: list[Path]) -> None:
        """Writes README.md, and gives all records the same columns, as `datasets` expects."""
        del folder
        for parent in sorted({path.parent for path in files}):  # a span has its own folder
            self._describe(parent, [path for path in files if path.parent == parent])

    def _describe(self, folder: Path, files: list[Path]) -> None:
        names = list(self._columns.names)
        for path in files:
            incoming = path.with_name(f"{path.name}.incoming")
            with path.open(encoding="utf-8", newline="\n") as lines, incoming.open("x", encoding="utf-8") as file:
                for line in lines:
                    record = json.loads(line)
                    file.write(json.dumps({**dict.fromkeys(names), **record}, ensure_ascii=False) + "\n")
            os.replace(incoming, path)
        card = ["---", "configs:", "- config_name: default", "  data_files:"]
        for path in files:
            card += [f"  - split: {_split(path)}", f"    path: {json.dumps(path.name, ensure_ascii=False)}"]
        card += ["dataset_info:", "  features:"]
        for name in names:
            card += [f"  - name: {json.dumps(name, ensure_ascii=False)}", "    dtype: string"]
        card += [f"  - name: {_TOKENS}", "    sequence: string", f"  - name: {_TAGS}", "    sequence:"]
        card += ["      class_label:", "        names:"]
        card += [
            f"          '{number}': {json.dumps(tag, ensure_ascii=False)}" for tag, number in self._columns.tags.items()
        ]
        (folder / "README.md").write_text("\n".join([*card, "---", ""]), encoding="utf-8")


class ParquetWriter(Writer):
    """Writes a Parquet file, with the names of the tags in its schema. It holds the file in memory."""

    name = "hf"
    title = "Hugging Face (Parquet)"
    extension = "parquet"

    def write(self, sentences: Iterable[AnnotatedSentence], path: Path) -> None:
        """Writes one part."""
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError as error:
            fix = "Install it (pip install pyarrow), or give a folder or a .jsonl file."
            raise NerError(f"{path.name}: writing Parquet needs pyarrow. {fix}") from error
        columns = _Columns(self)
        records = [{**columns.record(one), _TAGS: columns.numbers(one)} for one in sentences]
        arrays = {name: pa.array([record.get(name) for record in records], pa.string()) for name in columns.names}
        arrays[_TOKENS] = pa.array([record[_TOKENS] for record in records], pa.list_(pa.string()))
        arrays[_TAGS] = pa.array([record[_TAGS] for record in records], pa.list_(pa.int64()))
        text = {"dtype": "string", "_type": "Value"}
        labels = {"names": list(columns.tags), "_type": "ClassLabel"}
        features: dict[str, Any] = dict.fromkeys(columns.names, text)
        features[_TOKENS] = {"feature": text, "_type": "Sequence"}
        features[_TAGS] = {"feature": labels, "_type": "Sequence"}
        info = json.dumps({"info": {"features": features}}, ensure_ascii=False)
        parquet.write_table(pa.table(arrays).replace_schema_metadata({"huggingface": info}), path)


def _split(path: Path) -> str:
    """Returns the name of a split as `datasets` accepts it: words, joined by dots."""
    return ".".join(filter(None, "".join(c if c.isalnum() and c.isascii() else "_" for c in path.stem).split(".")))
