"""Records of tokens and tags: Hugging Face datasets, the training JSON of spaCy, and GLiNER."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.labels import is_tag_like
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.corpus.layout import label_name_files
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_roles import TAG_NAMES, TOKEN_NAMES
from components.corpus_example_gen.readers.records import Records, items_or_words, parse_record
from components.text.tags import OUTSIDE
from components.text.words import whitespace_offsets

_TEXTS = ("sentence", "text")  # a list of tokens, or a text with spaces between them
_TOKENS = ("tokens", "words", "token", "tokenized_text", *_TEXTS)
_TAGS = ("ner_tags", "tags", "labels", "ner", "ner_tag", "named_entity", "bio_tags", "iob_tags", "label")
_MASKED = -100  # transformers: a part of a word, or a mark such as [CLS]
_MISSING = "-"  # spaCy: nobody labelled the token
_MISC_FIELDS = ("pos_tags", "chunk_tags", "langs", "spans")
_ANY = (str, int, float, bool, type(None))  # a list of such values is one of tokens or tags, possibly with faults
_FRONT_MATTER = re.compile(r"\ufeff?---\s*\n(.*?)\n---\s*(?:\n|$)", re.DOTALL)


class TokenTool(NamedTuple):
    """A tool whose records hold tokens.

    Attributes:
        name: value of `corpus.format`.
        title: name for people.
        matches: whether a record has the tool's fields.
        sentences: yields the sentences of a record as (tokens, tags, id, metadata); tags may be numbers.
    """

    name: str
    title: str
    matches: Callable[[Any], bool]
    sentences: Callable[[Any], Iterator[tuple[Any, Any, Any, dict[str, str]]]]


def _field(record: dict[str, Any], names: tuple[str, ...], kinds: tuple[type, ...]) -> str | None:
    """Returns the first field that is a list of values of some types."""
    for name in names:
        value = record.get(name)
        if isinstance(value, list) and all(type(item) in kinds for item in value):
            return name
    return None


def _fields(record: dict[str, Any]) -> tuple[str, str] | None:
    """Returns the fields with the tokens and the tags; None if the record lacks one of them."""
    tokens = _field(record, _TOKENS, (str,)) or _field(record, _TOKENS, _ANY)
    tags = _field(record, _TAGS, (int, str)) or _field(record, _TAGS, _ANY)
    if tags and not tokens and "entities" not in record and _are_tags(record[tags]):
        tokens = next((name for name in _TEXTS if isinstance(record.get(name), str)), None)
    return (tokens, tags) if tokens and tags else None


def _as_lists(record: dict[str, Any]) -> dict[str, Any]:
    """Returns a record whose tags and tokens are texts with spaces (`B-PER O`), with lists in their place.

    A list that Python has written as a text (`['B-PER', 'O']`) counts as well.

    >>> _as_lists({"text": "Ida left", "labels": "B-PER O"})
    {'text': ['Ida', 'left'], 'labels': ['B-PER', 'O']}
    """
    names = [next((name for name in known if isinstance(record.get(name), str)), "") for known in (_TOKENS, _TAGS)]
    if not all(names):
        return record
    tokens, tags = (items_or_words(record[name]) for name in names)
    if not tags or not all(map(is_tag_like, tags)):
        return record
    return {**record, names[0]: tokens, names[1]: tags}


def _are_tags(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) and is_tag_like(value) for value in values)


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of a record that holds columns, as lists or (pandas) as objects by number; otherwise the record.

    >>> _rows({"tokens": [["Oslo"], ["is"]], "tags": [["B-LOC"], ["O"]]})
    [{'tokens': ['Oslo'], 'tags': ['B-LOC']}, {'tokens': ['is'], 'tags': ['O']}]
    """
    lists = {name: [*value.values()] if isinstance(value, dict) else value for name, value in record.items()}
    lists = {name: value for name, value in lists.items() if isinstance(value, list)}
    tags = next((lists[name] for name in _TAGS if lists.get(name)), ())
    if not tags or not all(isinstance(one, list) for one in tags):
        return [record]
    columns = {name: value for name, value in lists.items() if len(value) == len(tags)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _is_hugging_face(record: Any) -> bool:
    if not isinstance(record, dict) or _is_gliner(record) or (token_and_tag(record) and "entities" not in record):
        return False
    return _fields(_as_lists(_rows(record)[0])) is not None


def _hugging_face(record: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, dict[str, str]]]:
    for row in _rows(record):
        yield _sentence_of(row)


def _sentence_of(record: dict[str, Any]) -> tuple[Any, Any, Any, dict[str, str]]:
    record = _as_lists(record)
    fields = _fields(record)
    if fields is None:
        raise ValueError(f"found no tokens and tags, fields are {', '.join(map(quoted, list(record)[:5])) or 'none'}")
    tokens, tags = fields
    length = len(record[tags])
    twice = [
        name for name in _TAGS if name != tags and _field(record, (name,), (int, str)) and len(record[name]) == length
    ]
    if twice and length:
        raise ValueError(f"found tags in the fields {tags!r} and {twice[0]!r}")
    used = {tokens, tags, "id", *_MISC_FIELDS}
    meta = {name: value for name, value in record.items() if name not in used and isinstance(value, str)}
    words = record[tokens]
    if isinstance(words, str):
        words = [words[start:end] for start, end in whitespace_offsets(words)]
    return words, record[tags], record.get("id"), meta


def _is_spacy_json(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("paragraphs"), list)


def _spacy_json(record: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, dict[str, str]]]:
    for paragraph in record["paragraphs"]:
        for sentence in paragraph["sentences"]:
            tokens = sentence["tokens"]
            yield [token["orth"] for token in tokens], [token.get("ner", _MISSING) for token in tokens], None, {}


def _is_gliner(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("tokenized_text"), list):
        return False
    return isinstance(record.get("ner"), list) and all(isinstance(span, list) for span in record["ner"])


def _gliner(record: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, dict[str, str]]]:
    tokens = record["tokenized_text"]
    tags = [OUTSIDE] * len(tokens)
    for span in dict.fromkeys(map(tuple, record["ner"])):
        first, last, label = span if len(span) == 3 else (None, None, None)
        if type(first) is not int or type(last) is not int or not isinstance(label, str) or not label.strip():
            raise ValueError(f"found span {shortened(json.dumps(span))}, expected [first token, last token, label]")
        if not 0 <= first <= last < len(tokens):
            raise ValueError(f"found span {shortened(json.dumps(span))} in a text of {len(tokens)} tokens")
        if set(tags[first : last + 1]) != {OUTSIDE}:
            raise ValueError(f"found span {shortened(json.dumps(span))}, which overlaps another one")
        name = "_".join(label.split())
        tags[first : last + 1] = [f"B-{name}", *[f"I-{name}"] * (last - first)]
    yield tokens, tags, record.get("id"), {}


TOKEN_TOOLS = (
    TokenTool("hugging_face", "Hugging Face (tokens and ner_tags)", _is_hugging_face, _hugging_face),
    TokenTool("spacy_json", "spaCy (training JSON)", _is_spacy_json, _spacy_json),
    TokenTool("gliner", "GLiNER (tokenized_text and ner)", _is_gliner, _gliner),
)
"""All tools with tokens."""


def token_and_tag(record: dict[str, Any]) -> tuple[str, str] | None:
    """Returns the fields of a record of one token and its tag, as in a table; None if it is something else.

    >>> token_and_tag({"Sentence #": 1, "Word": "Oslo", "Tag": "B-LOC"})
    ('Word', 'Tag')
    """
    names = {name.casefold(): name for name, value in record.items() if isinstance(value, str)}
    numbers = {name.casefold(): name for name, value in record.items() if type(value) is int}
    token = next((names[name] for name in TOKEN_NAMES if name in names), None)
    tag = next((names[name] for name in TAG_NAMES if name in names), None)
    if token and len(record[token].split()) > 1:
        return None
    if token == names.get("text") and tag and not is_tag_like(record[tag]):  # a text and its class
        return None
    tag = tag or next((numbers[name] for name in TAG_NAMES if name in numbers), None)
    return (token, tag) if token and tag else None


def read_tokens(records: Records, tool: TokenTool, path: str, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of all records as written.

    Args:
        records: records of the file.
        tool: the tool that wrote them.
        path: the file, for errors and the names of numbered labels.
        report: receives the kind of each record.
    """
    names = records.label_names
    report.note(path, f"read as an export of {tool.title}")
    for number, item in records.numbered():
        if isinstance(item, str) and not item.strip():
            report.line_kinds["boundary"] += 1
            continue
        report.line_kinds["record"] += 1
        try:
            value = parse_record(item)
            for tokens, tags, key, meta in tool.sentences(value):
                if tags and all(tag in (_MISSING, None) for tag in tags) and tool.name == "spacy_json":
                    report.leave_out({"unlabelled sentences": 1})
                    continue
                tags = list(map(_whole, tags))
                if not names and any(type(tag) is int for tag in tags):
                    names = _names_near(path)
                    report.note(path, f"numbers of labels stand for {shortened(', '.join(names))}")
                yield _sentence(number, tokens, _named(tags, names), None if key is None else str(key), meta)
        except CorpusError:
            raise
        except ValueError as error:
            yield RawSentence(number, error=CorpusError(path, number, str(error), "Correct the record."))
        except (AttributeError, KeyError, TypeError, IndexError):
            problem = f"found a record that is not an export of {tool.title}: {shortened(repr(value))}"
            yield RawSentence(number, error=CorpusError(path, number, problem, "Correct the record."))


def _sentence(line: int, tokens: list[str], tags: list[str], key: str | None, meta: dict[str, str]) -> RawSentence:
    if not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"found tokens {quoted(tokens)}, expected texts")
    if len(tokens) != len(tags):
        raise ValueError(f"found {len(tokens)} tokens and {len(tags)} tags")
    if key is not None and (not key or not key.isprintable()):
        raise ValueError(f"found id {quoted(key)}, expected a text on one line or an integer")
    return RawSentence(line, tokens, tags, [line] * len(tokens), key, meta)


def _whole(tag: Any) -> Any:
    """Returns a whole number as an integer; pandas makes floats of integers if some are missing."""
    return int(tag) if isinstance(tag, float) and tag.is_integer() else tag


def _named(tags: list[Any], names: tuple[str, ...]) -> list[str]:
    """Returns tags as texts; numbers are places in the names of the labels."""
    result = []
    for place, tag in enumerate(tags, 1):
        if tag is None:
            raise ValueError(f"found no tag (null) for token {place} of {len(tags)}")
        if tag == _MASKED:
            raise ValueError(f"found the label {_MASKED}, which transformers gives to parts of words, expected words")
        if type(tag) is int:
            if not 0 <= tag < len(names):
                raise ValueError(f"found the label {tag}, but the file names {len(names)} labels")
            tag = names[tag]
        if not isinstance(tag, str):
            raise ValueError(f"found the tag {quoted(tag)}, expected a text or the number of a label")
        result.append(tag)
    return result


def label_names(features: Any) -> tuple[str, ...]:
    """Returns the names of the labels in a description of features; empty if there are none.

    Example:
        >>> label_names({"ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}}})
        ('O', 'B-PER')
    """
    if not isinstance(features, dict):
        return ()
    for field in _TAGS:
        names = _class_names(features.get(field))
        if names:
            return names
    return ()


def _class_names(feature: Any) -> tuple[str, ...]:
    """Returns the names of a ClassLabel, alone or in a sequence, as any version of datasets writes it."""
    while isinstance(feature, (dict, list)):
        if isinstance(feature, list):
            feature = feature[0] if feature else None
            continue
        names = feature.get("names")
        if not names and isinstance(feature.get("class_label"), dict):
            names = feature["class_label"].get("names")
        if isinstance(names, dict):  # {"0": "O", …}, in README.md
            names = [names[str(i)] if str(i) in names else names.get(i) for i in range(len(names))]
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        feature = next((feature[name] for name in ("feature", "sequence", "list", "dtype") if name in feature), None)
    return ()


def _names_near(path: str) -> tuple[str, ...]:
    """Returns the names of numbered labels from a file of the data set.

    Raises:
        CorpusError: no file has them.
    """
    for file in label_name_files(Path(path)):
        try:
            text = file.read_text(encoding="utf-8")
            description = _card_infos(text) if file.suffix == ".md" else json.loads(text)
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            problem = f"cannot be read ({' '.join(str(error).split())})"
            raise CorpusError(str(file), None, problem, "Correct or remove the file.") from error
        if isinstance(description, list) and all(isinstance(one, str) for one in description):
            return tuple(description)
        if names := _class_names({"names": description}):  # {"0": "O", …}
            return names
        infos = [description, *(description.values() if isinstance(description, dict) else ())]
        named = (label_names(info.get("features")) for info in infos if isinstance(info, dict))
        if names := next(filter(None, named), ()):
            return names
    problem = "the tags are numbers, and no file names the labels"
    fix = (
        "Add dataset_infos.json or README.md of the data set, or label_names.json with the list of the labels: "
        '["O", "B-PER", …].'
    )
    raise CorpusError(path, None, problem, fix)


def _card_infos(text: str) -> dict[str, Any]:
    r"""Returns the descriptions in the YAML of a card (README.md), in the form of dataset_infos.json.

    >>> card = "---\ndataset_info:\n  features:\n  - name: ner_tags\n    sequence: string\n---\n# Card"
    >>> _card_infos(card)
    {'0': {'features': {'ner_tags': {'name': 'ner_tags', 'sequence': 'string'}}}}
    """
    match = _FRONT_MATTER.match(text)
    card = yaml.safe_load(match[1]) if match else None
    infos = card.get("dataset_info") if isinstance(card, dict) else None
    described = {}
    for number, info in enumerate(infos if isinstance(infos, list) else [infos]):
        features = info.get("features") if isinstance(info, dict) else None
        if isinstance(features, list):
            by_name = {str(feature.get("name")): feature for feature in features if isinstance(feature, dict)}
            described[str(number)] = {"features": by_name}
    return described
