"""Records of Parquet and Arrow files: data sets of Hugging Face, downloaded or written by `save_to_disk`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.records import Records

_PARQUET, _ARROW_FILE, _ARROW_STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
_BATCH = 1000  # rows


def is_arrow(data: bytes) -> bool:
    """Returns whether data are a Parquet or Arrow file."""
    return data.startswith((_PARQUET, _ARROW_FILE, _ARROW_STREAM))


def arrow_records(path: str, data: bytes, max_bytes: int) -> Records:
    """Returns the rows of a Parquet or Arrow file.

    Args:
        path: the file, for errors.
        data: its content.
        max_bytes: most bytes of the unpacked columns (`corpus.max_unpacked_bytes`).

    Raises:
        CorpusError: pyarrow is missing or cannot read the file, or the file unpacks to more bytes.
    """
    try:
        import pyarrow as pa
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        fix = "Install pyarrow (pip install pyarrow)."
        raise CorpusError(path, None, "reading Parquet and Arrow files needs pyarrow", fix) from error
    try:
        if data.startswith(_PARQUET):
            file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            _check_size(path, sum(group.total_byte_size for group in groups), max_bytes)
            table = file.read()
        elif data.startswith(_ARROW_FILE):
            table = pyarrow.ipc.open_file(pa.py_buffer(data)).read_all()
        else:
            table = pyarrow.ipc.open_stream(pa.py_buffer(data)).read_all()
        _check_size(path, table.nbytes, max_bytes)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        problem = f"found an incomplete or invalid Parquet or Arrow file ({' '.join(str(error).split())[:100]})"
        raise CorpusError(path, None, problem, "Export or download the file again.") from error

    def numbered() -> Iterator[tuple[int, Any]]:
        number = 0
        for batch in table.to_batches(max_chunksize=_BATCH):
            try:
                rows = batch.to_pylist()
            except (pa.ArrowException, ValueError, OverflowError) as error:
                problem = f"found a row that cannot be read ({' '.join(str(error).split())[:100]})"
                raise CorpusError(path, number + 1, problem, "Export or download the file again.") from error
            for row in rows:
                number += 1
                yield number, row

    return Records(numbered, table.num_rows, _features(table.schema.metadata))


def _check_size(path: str, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        problem = f"the columns unpack to {size:,} bytes"
        fix = "Divide the file, or raise corpus.max_unpacked_bytes. The reader holds a file in memory."
        raise CorpusError(path, None, problem, fix)


def _features(metadata: dict[bytes, bytes] | None) -> Any:
    """Returns the description of the columns in the metadata that datasets writes; None if there is none."""
    try:
        return json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return None
