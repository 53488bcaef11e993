"""The check of a corpus: reads it once, looks at the labelled texts a second time, and collects the findings."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from components.common.extras import has_extra, installation
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.corpus.layout import newest_span
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_tools.check.characters import OddCharacters
from components.corpus_tools.check.counts import CorpusCounts, SplitCounts, type_rows
from components.corpus_tools.check.duplicates import Duplicates
from components.corpus_tools.check.finding import Finding, Item, Place, Severity
from components.corpus_tools.check.labelled_texts import MOST_TEXTS, LabelledTexts
from components.corpus_tools.check.languages import EXTRA, Languages
from components.corpus_tools.check.occurrences import Occurrences
from components.corpus_tools.check.raw_text import PunctuatedEntities, RawTextSpans
from components.corpus_tools.check.reading import CorpusFiles
from components.corpus_tools.check.store import SentenceStore, stored
from components.keys import TRAIN_SPLIT
from components.text.words import WORDS

FORMAT_VERSION = 1
"""Version of the JSON."""

_ORDER = list(Severity)


@dataclasses.dataclass(frozen=True)
class CorpusCheck:
    """Result of a check.

    Attributes:
        path: the corpus.
        files: number of files read.
        splits: split -> counts.
        scripts: sentences by script.
        findings: errors first, then warnings, then notes.
        report: counts of the readers.
        limits: sentences about parts that were left out to bound the memory.
        seconds: duration.
        languages: texts of a sample by language; empty without the extra `languages`.
    """

    path: str
    files: int
    splits: dict[str, SplitCounts]
    scripts: Counter[str]
    findings: tuple[Finding, ...]
    report: IngestReport
    limits: tuple[str, ...] = ()
    seconds: float = 0.0
    languages: Counter[str] = dataclasses.field(default_factory=Counter)

    def number_of(self, severity: Severity) -> int:
        """Returns the number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Returns the values for JSON; docs/checking-corpora.md describes them."""
        splits = {
            name: {
                "sentences": split.sentences,
                "tokens": split.tokens,
                "entities": dict(split.entities.most_common()),
                "unlabelled_sentences": split.unlabelled,
                "known_entities": split.known,
                "lengths": {str(share): split.quantile(share) for share in (0.5, 0.95, 1.0)},
            }
            for name, split in self.splits.items()
        }
        return {
            "format": FORMAT_VERSION,
            "path": self.path,
            "files": self.files,
            "splits": splits,
            "types": {name: dict(zip(splits, counts, strict=True)) for name, counts in type_rows(self.splits)},
            "scripts": dict(self.scripts.most_common()),
            "languages": dict(self.languages.most_common()),
            "findings": [finding.to_dict() for finding in self.findings],
            "limits": self.limits,
        }


def check_corpus(
    path: Path,
    settings: CorpusSettings,
    tokenizer: str = WORDS,
    announce: Callable[[str], None] = lambda source: None,
    most_texts: int = MOST_TEXTS,
    named_types: Mapping[str, Iterable[str]] | None = None,
) -> CorpusCheck:
    """Checks a corpus folder, or a file.

    Example: tests/components/corpus_tools/check/test_check.py.

    Args:
        path: the folder or file.
        settings: settings of the corpus.
        tokenizer: `transform.tokenizer`; `auto` chooses one by the training split.
        announce: receives the name of each large file before it is read.
        most_texts: bound of the labelled texts in memory.
        named_types: setting -> types that the training data must have.

    Raises:
        CorpusError: the path does not exist.
    """
    began = time.monotonic()
    if not path.exists():
        raise CorpusError(str(path), None, "no such file or folder", "Give a labelled file, or a corpus folder.")
    try:
        files = CorpusFiles(path, settings, tokenizer)
    except CorpusError as error:
        item = Item(error.path, error.problem, (Place(error.path, error.line),), 1)
        finding = Finding("layout", Severity.ERROR, "A folder that a training refuses", error.fix, (item,), 1)
        return CorpusCheck(str(path), 0, {}, Counter(), (finding,), IngestReport())
    counts, duplicates, texts = CorpusCounts(), Duplicates(), LabelledTexts(most_texts)
    characters, raw_text, store = OddCharacters(), RawTextSpans(files.tokenizer), SentenceStore()
    languages, punctuated = Languages(), PunctuatedEntities()
    for number, (split, source, sentence) in enumerate(files.read(announce)):
        record, text = stored(split, source, sentence.tokens, sentence.tags, sentence.lines), sentence.text
        store.add(record)
        counts.add(number, record, text)
        duplicates.add(record, text)
        texts.add(record)
        if not text.isascii():
            characters.add(number, record)
        raw_text.add(number, record, text, sentence.metadata.get("text"))
        punctuated.add(number, record)
        languages.add(number, text)
    occurrences = Occurrences(texts)
    for number, record in enumerate(store):
        occurrences.add(number, record)
    numbers = [number for several in (*counts.samples.values(), *duplicates.group().values()) for number in several]
    numbers += [
        *characters.samples,
        *raw_text.samples,
        *punctuated.samples,
        *occurrences.finish(store),
        *languages.finish(),
    ]
    sentences = store.fetch(numbers)
    splits = counts.ordered()
    for name, part in splits.items():
        part.known = occurrences.known[name] if name != TRAIN_SPLIT and TRAIN_SPLIT in splits else None
    in_spans = files.is_folder and newest_span(files.base) is not None
    removed = settings.duplicates == "remove" or (settings.duplicates is None and in_spans)
    findings = [
        *files.findings(),
        *counts.findings(sentences, in_splits=files.is_folder, unread=files.unread, named_types=named_types),
        *duplicates.findings(sentences, {name: split.sentences for name, split in splits.items()}, removed),
        *occurrences.findings(sentences),
        *characters.findings(sentences),
        *raw_text.findings(sentences),
        *punctuated.findings(sentences),
        *languages.findings(sentences),
    ]
    limits = []
    if texts.forgotten:
        limits.append(
            f"{texts.forgotten:,} entities of rare texts were left out of the comparison of labels, which holds "
            f"{most_texts:,} texts in memory."
        )
    if not files.is_folder:
        limits.append(
            "A single file is checked as one split; `ner run --data FILE` divides it 8:1:1. For the findings about "
            "splits, check a folder that holds this file only."
        )
    if not has_extra(EXTRA):
        limits.append(f"Languages were not identified: the extra `{EXTRA}` is not installed. {installation(EXTRA)}")
    return CorpusCheck(
        path=str(path),
        files=len(files.report.files),
        splits=splits,
        scripts=counts.scripts,
        findings=tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity))),
        report=files.report,
        limits=tuple(limits),
        seconds=time.monotonic() - began,
        languages=languages.counts,
    )
