"""Reading of a corpus before a retraining is announced."""

from __future__ import annotations

import itertools
from pathlib import Path

from components.common.errors import counted
from components.common.progress import report_progress
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.corpus.layout import folder_and_splits, matching, split_patterns
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.corpus_text import read_file
from components.corpus_example_gen.splitting import configured_splits
from components.corpus_example_gen.tokenizer_choice import choose_tokenizer
from components.keys import TRAIN_SPLIT
from components.text.tags import OUTSIDE
from configs.spec import PipelineConfig
from pipeline.run.inputs import RunInputs

_MOST = 10_000  # sentences of a file
_BYTES = 2_000_000  # of a file of lines; the readers detect the format from all lines, a minute for each 30 MB
_STEP = 1000
_WHOLE = (".json", ".csv", ".parquet", ".arrow", ".spacy", ".gz", ".ann")  # a part of them may be no valid file


def read_beginnings(config: PipelineConfig, inputs: RunInputs, most: int = _MOST, size: int = _BYTES) -> str:
    """Reads the first sentences of each corpus file as a run does.

    Args:
        config: the whole configuration.
        inputs: inputs of the run; their corpus is known.
        most: sentences to read of a file.
        size: bytes to read of a file of lines.

    Returns:
        The sentences that were read, in words.

    Raises:
        CorpusError: a run would end with this error.
    """
    if inputs.corpus is None:
        return "the corpus was not read"
    folder, splits = folder_and_splits(inputs.corpus, configured_splits(config.corpus))
    patterns = split_patterns(folder, splits, inputs.window)
    files = {name: [path for each in own for path in matching(folder, each)] for name, own in patterns.items()}
    training = files.get(TRAIN_SPLIT) or [path for own in files.values() for path in own]
    tokenizer = choose_tokenizer(config.transform.tokenizer, [*map(str, training)], config.corpus, read_file)
    reports, unfinished, entities, count = list[IngestReport](), set[Path](), 0, 0
    for path in dict.fromkeys(path for own in files.values() for path in own):
        report, beginning = IngestReport(), _beginning(path, size)
        sentences = read_corpus_file(str(path), config.corpus, report, beginning, tokenizer)
        for sentence in itertools.islice(sentences, most):
            count += 1
            entities += path in training and any(tag != OUTSIDE for tag in sentence.tags)
            if count % _STEP == 0:
                report_progress("sentences read", count, 0)
        if beginning is not None or next(sentences, None) is not None:
            unfinished.add(path)
        reports.append(report)
    total = IngestReport.merge(reports)
    if not unfinished:
        total.check_repairs(config.corpus.max_repaired)
    if not entities and unfinished.isdisjoint(training):
        problem = "in the training split, no sentence has an entity"
        raise CorpusError(
            str(inputs.corpus), None, problem, "Label entities, or check the tag column (corpus.tag_column)."
        )
    read = counted(count, "sentence") if unfinished else "all sentences"
    skipped = f", {counted(total.total_skipped, 'sentence or file', 'sentences or files')} skipped"
    rest = f"; the rest of {counted(len(unfinished), 'large file')} was not read" if unfinished else ""
    return f"{read} can be read{skipped if total.total_skipped else ''}{rest}"


def _beginning(path: Path, size: int) -> bytes | None:
    """Returns the first whole sentences or lines of a large file; None if the file is to be read as a whole."""
    if not path.is_file() or path.stat().st_size <= size or path.suffix.lower() in _WHOLE:
        return None
    with path.open("rb") as file:
        data = file.read(size)
    if data.lstrip()[:1] == b"[":  # a JSON array
        return None
    end = max(data.rfind(b"\n\n"), data.rfind(b"\n\r\n"))
    return data[: (end if end > size // 2 else data.rfind(b"\n")) + 1] or None
