"""Choice of the tokenizer by the scripts of the corpus."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from components.common.errors import NerError
from components.common.iterables import evenly_spaced
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.file_content import FileContent
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.settings import CorpusSettings
from components.text.scripts import unspaced_share
from components.text.words import SYLLABLES

AUTO = "auto"
LEAST_SHARE = 0.05
"""Share of the letters in scripts without spaces from which a corpus is cut into characters."""

_MOST_FILES, _MOST_SENTENCES, _MOST_BYTES = 50, 200, 20_000
# Bytes without which a file has no script without spaces: of UTF-8, of escapes in JSON, of UTF-16 and of compression.
_PERHAPS = re.compile(rb"[\xe0\xe1\xe3-\xed\xef\xf0\0\x1f]|\xe2[\xba-\xbf]|\\u")


def choose_tokenizer(
    tokenizer: str, files: Sequence[str], settings: CorpusSettings, read: Callable[[str], FileContent]
) -> str:
    """Returns the tokenizer for a corpus.

    `auto` becomes `characters` if one letter in twenty is of a script without spaces, and `words` otherwise. It looks
    at the first 200 sentences of 50 files, evenly spaced; the reading checks all of them (`RawTextCheck`). If callers
    send tokens, separated by spaces (`corpus.min_raw_text_survival` 0), it is `words` in any script.

    Args:
        tokenizer: `transform.tokenizer`; any other value than `auto` is returned.
        files: files of the training split.
        settings: settings of the corpus.
        read: returns the content of a file.

    Example:
        >>> from configs.loading import load_config
        >>> rows = {"a.conll": ["王 B-PER", "来 O"], "b.conll": ["Bo B-PER", "came O"]}
        >>> files = {name: FileContent([chr(10).join(of_file).encode()]) for name, of_file in rows.items()}
        >>> [choose_tokenizer("auto", [name], load_config(None).corpus, files.__getitem__) for name in files]
        ['characters', 'words']
    """
    texts = (text for path in evenly_spaced(files, _MOST_FILES) for text in _first_sentences(path, settings, read))
    return choose_by_texts(tokenizer, texts, settings)


def choose_by_texts(tokenizer: str, texts: Iterable[str], settings: CorpusSettings) -> str:
    """Returns the tokenizer for texts, as `choose_tokenizer`.

    Args:
        tokenizer: `transform.tokenizer`; any other value than `auto` is returned.
        texts: a sample, read for `auto` only.
        settings: settings of the corpus.

    Example:
        >>> from configs.loading import load_config
        >>> [choose_by_texts("auto", [text], load_config(None).corpus) for text in ("王 来", "Bo came")]
        ['characters', 'words']
    """
    if tokenizer != AUTO:
        return tokenizer
    if not settings.min_raw_text_survival:
        return "words"
    return "characters" if unspaced_share(" ".join(texts)) >= LEAST_SHARE else "words"


def _first_sentences(path: str, settings: CorpusSettings, read: Callable[[str], FileContent]) -> list[str]:
    content = read(path)
    if not _may_be_unspaced(content):
        return [content.head(_MOST_BYTES).decode("utf-8", "ignore")]
    # Spans may end at any character, and nothing is counted twice: the run reads the file again, with all its checks.
    lenient = settings.model_copy(update={"on_error": "skip", "min_raw_text_survival": 0.0, "max_repaired": 1.0})
    sentences: list[str] = []
    try:
        for sentence in islice(read_corpus_file(path, lenient, IngestReport(), content, SYLLABLES), _MOST_SENTENCES):
            sentences.append(sentence.text)
    except NerError:
        return sentences  # the run reports it
    return sentences


def _may_be_unspaced(content: FileContent) -> bool:
    last = b""
    for chunk in content.chunks():
        if _PERHAPS.search(last + chunk):  # at most two bytes
            return True
        last = chunk[-1:]
    return False
