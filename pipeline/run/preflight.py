"""Checks before a run: writable folders, disk space, a sound metadata store, a corpus that can be read.

A run trains for minutes to days, and its machinery takes half a minute to load; each of these faults would end it.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import os
import socket
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from absl import logging

from components.common.beam_arguments import make_pipeline
from components.common.errors import counted
from components.common.faults import MachineError, explain, free_space, megabytes
from components.common.files import INCOMING_PREFIX, named_in_errors
from components.common.iterables import evenly_spaced
from components.common.progress import report_progress
from components.corpus_example_gen.cleaning.report import IngestReport, without_entities
from components.corpus_example_gen.corpus.layout import folder_and_splits, matching, split_patterns
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.file_content import FileContent
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.corpus_text import read_file
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import configured_splits
from components.corpus_example_gen.tokenizer_choice import AUTO, choose_tokenizer
from components.keys import TRAIN_SPLIT
from components.registry.model_registry import ModelRegistry
from components.text.words import CHARACTERS, WORDS
from configs.spec import PipelineConfig
from pipeline.run.inputs import RunInputs
from pipeline.run.relocation import metadata_file
from pipeline.run.sound_metadata import require_sound_metadata

_FIXED = 150_000_000
"""Measured: bytes of a run with a small corpus and the default tagger, with its temporary copies of the model."""

_PER_CORPUS_BYTE = 5
"""Measured: examples, statistics, transformed examples and temporary files."""

_PER_MODEL_BYTE = 8
"""Weights of a pretrained encoder: state of the optimizer, average, checkpoint, three exported copies."""

_WHOLE = (".parquet", ".arrow", ".spacy", ".gz", ".ann")  # a part of them cannot be read

_CONNECT_SECONDS = 5.0
_UNPACKED = 5  # bytes of text in one byte of a .gz file


def require_machine(config: PipelineConfig) -> None:
    """Checks that the folders of a run can be written, its metadata read, and Beam run with its arguments.

    It creates nothing.

    Raises:
        NerError: the text names the setting, the folder and the cure.
    """
    for setting, folder in _folders(config).items():
        try:
            _probe(folder)
        except OSError as error:
            raise MachineError(f"{setting}: {explain(error) or error}") from error
    require_sound_metadata(metadata_file(config), config.root / "artifacts")
    _require_job_server(config.beam.value("--job_endpoint"))
    if config.beam.value("--runner"):
        make_pipeline(config.beam.args, "beam.args")


def _require_job_server(endpoint: str) -> None:
    if not endpoint or endpoint == "embed":
        return
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise MachineError(
            f"beam.args: --job_endpoint={endpoint}: no job server responds ({error}). Start it, or correct the address."
        ) from error


def require_space(config: PipelineConfig, corpus: Iterable[Path]) -> None:
    """Compares the free disk space with an estimate: an error below it, a warning below twice as much.

    Args:
        config: the whole configuration.
        corpus: files of the corpus.

    Raises:
        NerError: a file system has too little space for the run.
    """
    preset = config.trainer.pretrained.get("encoder", {}).get("preset")
    model = _size(Path(preset)) if preset else 0
    needs = {
        ("work_dir", config.work_dir.absolute()): _FIXED
        + _PER_CORPUS_BYTE * sum(map(_bytes, corpus))
        + _PER_MODEL_BYTE * model,
        ("registry.serving_dir", config.serving_dir): _FIXED // 5 + model,
        ("TMPDIR", Path(tempfile.gettempdir())): _FIXED // 5 + model,
    }
    for (setting, folder), need in needs.items():
        free = free_space(folder)
        if free is None:
            continue
        text = f"{setting}: {folder} has {megabytes(free)} free, and the run needs about {megabytes(need)}"
        if free < need:
            raise MachineError(
                f"{text}. Free space (`ner clean` removes old runs and versions), or give another folder."
            )
        if free < 2 * need:
            logging.warning("%s. Later runs will not fit.", text)


class ReadingLimits(NamedTuple):
    """Parts of a corpus that `read_beginnings` reads; None: no limit.

    Attributes:
        sentences: sentences of a file.
        size: bytes of a file of lines; the readers detect the format from all lines, a minute for each 30 MB.
        files: files of a split, evenly spaced.
        total: bytes of all files; those that are only read whole, such as JSON arrays, count with all their bytes.
        confirmed: bytes of all files that are read as a whole because their beginnings have errors.
    """

    sentences: int = 10_000
    size: int = 2_000_000
    files: int | None = None
    total: int | None = None
    confirmed: int | None = None


def require_readable_corpus(config: PipelineConfig, inputs: RunInputs) -> None:
    """Reads the first sentences of some files of the corpus, in a few seconds; with errors in them up to 4 MB.

    Raises:
        CorpusError: the run would end with this error, after TFX is loaded.
    """
    limits = ReadingLimits(sentences=300, size=50_000, files=20, total=1_000_000, confirmed=4_000_000)
    read_beginnings(config, inputs, limits)


def read_beginnings(config: PipelineConfig, inputs: RunInputs, limits: ReadingLimits | None = None) -> str:
    """Reads the first sentences of each corpus file as a run does.

    An error in the beginning of a file is confirmed with the whole file, whose other lines may change how the first
    ones are read.

    Args:
        config: the whole configuration.
        inputs: inputs of the run.
        limits: what to read of the corpus; None: `ReadingLimits()`.

    Returns:
        The sentences that were read, in words.

    Raises:
        CorpusError: a run would end with this error.
    """
    if inputs.corpus is None:
        return "the corpus was not read"
    limits = limits or ReadingLimits()
    folder, configured = folder_and_splits(inputs.corpus, configured_splits(config.corpus))
    patterns = split_patterns(folder, configured, inputs.window)
    splits = {name: [path for each in own for path in matching(folder, each)] for name, own in patterns.items()}
    every = {path for own in splits.values() for path in own}
    training = set(splits.get(TRAIN_SPLIT) or every)
    beginnings = _beginnings(splits.values(), limits)
    is_known = config.transform.tokenizer != AUTO or not config.corpus.min_raw_text_survival
    tokenizers: tuple[str, ...] = (WORDS, CHARACTERS)  # files that are not read here decide
    if is_known or training <= beginnings.keys():
        chosen = choose_tokenizer(
            config.transform.tokenizer,
            [str(path) for path in beginnings if path in training],
            config.corpus,
            lambda path: beginnings[Path(path)] or read_file(path),
        )
        tokenizers = (chosen,)

    reports, unfinished, count, confirmed = dict[Path, IngestReport](), every - set(beginnings), 0, 0
    for path, beginning in beginnings.items():
        try:
            report, read = _read(path, beginning, config.corpus, tokenizers, limits.sentences)
        except CorpusError:
            if beginning is None:
                raise
            if limits.confirmed is not None and confirmed + _bytes(path) > limits.confirmed:
                unfinished.add(path)
                continue
            beginning, confirmed = None, confirmed + _bytes(path)
            report, read = _read(path, beginning, config.corpus, tokenizers, limits.sentences)
        if beginning is not None or read == limits.sentences:
            unfinished.add(path)
        reports[path], count = report, count + read
        report_progress("sentences read", count, 0)
    total = IngestReport.merge(list(reports.values()))
    if not unfinished:
        total.check_repairs(config.corpus.max_repaired)
    if unfinished.isdisjoint(training) and not any(reports[path].entities_out for path in training):
        raise without_entities(total, str(inputs.corpus))
    read_text = counted(count, "sentence") if unfinished else "all sentences"
    skipped = f", {counted(total.total_skipped, 'sentence or file', 'sentences or files')} skipped"
    rest = f"; the rest of {counted(len(unfinished), 'large file')} was not read" if unfinished else ""
    return f"{read_text} can be read{skipped if total.total_skipped else ''}{rest}"


def _beginnings(splits: Iterable[Sequence[Path]], limits: ReadingLimits) -> dict[Path, FileContent | None]:
    """Returns the files to read, and the beginnings of large ones; None: the whole file."""
    beginnings, total = dict[Path, FileContent | None](), 0
    samples = [evenly_spaced(paths, limits.files or max(len(paths), 1)) for paths in splits]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*samples))  # the first of each split, the second, ...
    for path in filter(None, in_turn):
        beginning = _beginning(path, limits.size)
        size = _size(path) if beginning is None else beginning.size
        if limits.total is None or total + size <= limits.total:
            beginnings[path] = beginning
            total += size
    return beginnings


def _read(
    path: Path, beginning: FileContent | None, settings: CorpusSettings, tokenizers: Sequence[str], most: int
) -> tuple[IngestReport, int]:
    """Reads the first sentences of a file, or of its beginning; returns the report and their number.

    Raises:
        CorpusError: the file cannot be read with any of the tokenizers; the error is that with the last one.
    """
    *others, last = tokenizers
    for tokenizer in others:
        with contextlib.suppress(CorpusError):
            return _read(path, beginning, settings, (tokenizer,), most)
    report = IngestReport()
    sentences = read_corpus_file(str(path), settings, report, beginning, last)
    return report, sum(1 for _ in itertools.islice(sentences, most))


def _beginning(path: Path, size: int) -> FileContent | None:
    """Returns the first whole sentences or lines of a large file; None if the file is to be read as a whole."""
    if not path.is_file() or path.stat().st_size <= size or path.suffix.lower() in _WHOLE:
        return None
    with path.open("rb") as file:
        data = file.read(size)
    first = data.removeprefix(codecs.BOM_UTF8).lstrip().split(b"\n", 1)[0].rstrip()
    if first[:1] == b"[" or (first[:1] == b"{" and first[-1:] != b"}"):  # a JSON array, or an object of several lines
        return None
    end = max(data.rfind(b"\n\n"), data.rfind(b"\n\r\n"))
    beginning = data[: (end if end > size // 2 else data.rfind(b"\n")) + 1]
    return FileContent([beginning]) if beginning else None


def _folders(config: PipelineConfig) -> dict[str, Path]:
    work = config.work_dir.absolute()  # as the user wrote it, for the messages
    folders = {"work_dir": work, "registry.serving_dir": config.serving_dir}
    # Parts of work_dir may be mounts or belong to another user.
    folders |= {f"work_dir ({name})": work / name for name in ("artifacts", "metadata", "logs", "reports")}
    if config.checkpoint_dir and "://" not in config.checkpoint_dir:
        folders["trainer.checkpoint_dir"] = Path(config.checkpoint_dir)
    if database := ModelRegistry(config.registry_uri).database:
        folders["registry.uri"] = database.parent
    return folders


def _probe(folder: Path) -> None:
    """Writes a small file to a folder, or to its nearest existing parent, and removes it.

    A permission bit proves nothing: root ignores it, a read-only mount and a full disk do not show in it.
    """
    existing = next(path for path in (folder, *folder.parents) if _exists(path))
    probe = existing / f"{INCOMING_PREFIX}{uuid.uuid4().hex}"
    try:
        with named_in_errors(probe):
            file = probe.open("xb")
        with file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename, error.filename2 = str(folder), None
        raise
    finally:
        with contextlib.suppress(OSError):  # the error above says more
            probe.unlink()


def _exists(path: Path) -> bool:
    """Returns True also for a path that cannot be examined, so that writing to it shows the error."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _size(path: Path) -> int:
    """Returns the bytes of a file or of all files in a folder."""
    return sum(map(_bytes, _files(path) if path.is_dir() else [path]))


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _bytes(file: Path) -> int:
    with contextlib.suppress(OSError):  # a broken link; reading the corpus reports it
        return file.stat().st_size * (_UNPACKED if file.suffix == ".gz" else 1)
    return 0
