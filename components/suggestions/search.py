"""Rows of a file in, suggestions out."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from components.common.errors import NerError
from components.corpus_tools.sentence import AnnotatedSentence, Entity
from components.serving.batch_prediction import formats
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import Fields
from components.serving.batch_prediction.progress import Progress
from components.serving.batch_prediction.rows import BadRow, Row, parse
from components.serving.batch_prediction.sources import Source, encoding_remedy
from components.serving.batch_prediction.tagging import Answer, answers_of
from components.serving.saved_model_tagger import TaggedSentence
from components.suggestions.ranking import LeftOut, Ranking, Suggestion
from components.suggestions.uncertainty import uncertainty


class Tagger(Protocol):
    """A model that tags sentences, such as `SavedModelTagger` and `RestTagger`."""

    def tag(self, sentences: Sequence[str]) -> list[TaggedSentence]:
        """Tags raw sentences, in order."""


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """Options of a search.

    Attributes:
        input: path of the file with unlabelled texts, or `-`: JSON lines on standard input.
        fields: of its rows.
        count: number of suggestions.
        quoting: of CSV and TSV: `csv` or `none`; None: see `Source`.
    """

    input: str
    fields: Fields
    count: int
    quoting: str | None = None


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Attributes:
        suggestions: the best first.
        rows: number of tagged rows.
        bad: number of rows that could not be read or tagged.
        first_bad: the first one.
        left_out: numbers of sentences that are not suggested.
        seconds: of the search.
        absent: fields to forward that no row has.
    """

    suggestions: list[Suggestion]
    rows: int
    bad: int
    first_bad: BadRow | None
    left_out: LeftOut
    seconds: float
    absent: tuple[str, ...] = ()

    def sentences(self) -> Iterator[AnnotatedSentence]:
        """Yields the suggestions with the labels of the model; metadata says where they are from, and why."""
        for suggestion in self.suggestions:
            row, value = suggestion.row, suggestion.uncertainty
            metadata = {name: formats.bare(written) for name, written in row.members.items()}
            metadata |= {"row": str(row.number), "uncertainty": f"{value.value:.4f}"}
            if value.disagreement is not None:
                metadata["disagreement"] = f"{value.disagreement:.4f}"
            entities = [Entity(each.start, each.end, each.label, each.score) for each in suggestion.tagged.entities]
            yield AnnotatedSentence.of_text(row.text, entities, metadata=metadata)


def search(
    options: SearchOptions,
    tagger: Tagger,
    against: Tagger | None = None,
    labelled: Callable[[], Iterable[Sequence[str]]] = lambda: (),
    *,
    show_progress: bool = True,
) -> SearchResult:
    """Finds the sentences of a file that are worth labelling, in one pass.

    Args:
        options: the file, and the number of suggestions.
        tagger: the model whose uncertainty counts.
        against: a second model, whose disagreement counts, too.
        labelled: returns the tokens of the labelled sentences; it is called twice.
        show_progress: whether to report on standard error.

    Raises:
        NerError: the file or the labelled sentences cannot be read, or a model does not answer.
    """
    source = Source(options.input, options.fields, options.quoting)
    ranking = Ranking(options.count, labelled())
    rows, bad, unreported = 0, 0, 0
    absent = {*options.fields.forward}
    first_bad: BadRow | None = None
    with contextlib.closing(Progress(source.total, shown=show_progress)) as progress:
        for chunk in source.chunks():
            parsed = list(parse(source.kind, chunk.payload, options.fields, source.header, source.quoting))
            for answer in answers_of(parsed, lambda batch: _tagged(batch, tagger, against)):
                if isinstance(answer, BadRow):
                    bad, first_bad = bad + 1, first_bad or answer
                    continue
                rows += 1
                absent -= answer.row.members.keys()
                _add(ranking, answer)
            unreported += len(parsed)
            if rows:  # without any, this ends in an error
                progress.advance(unreported, chunk.position)
                unreported = 0
        if not rows and first_bad is not None:
            if first_bad.names:
                field = options.fields.lacking(first_bad.names) or options.fields.text
                raise BatchError(options.fields.missing(source.name, field, list(first_bad.names)))
            problem = f"{source.name}:{first_bad.number}: {first_bad.reason}"
            fix = encoding_remedy(source.path, first_bad.reason) or "Correct the file."
            raise BatchError(f"{problem}. No row can be read. {fix}")
        if not rows:
            raise NerError(f"{source.name}: has no rows. Give a file with unlabelled texts.")
        chosen = ranking.choose(labelled())
        missing = tuple(name for name in options.fields.forward if name in absent)
        return SearchResult(chosen, rows, bad, first_bad, ranking.left_out, progress.seconds, missing)


def _tagged(rows: list[Row], tagger: Tagger, against: Tagger | None) -> Sequence[Any]:
    texts = [row.text for row in rows]
    first = tagger.tag(texts)
    others: Sequence[TaggedSentence | None] = [None] * len(rows) if against is None else against.tag(texts)
    return list(zip(first, others, strict=True))


def _add(ranking: Ranking, answer: Answer) -> None:
    tagged, other = answer.content
    value = uncertainty(tagged, other)
    if value is None:
        ranking.left_out.empty += 1
    else:
        ranking.add(Suggestion(answer.row, tagged, value))
