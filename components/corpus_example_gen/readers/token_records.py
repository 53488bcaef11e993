"""Records of tokens and tags: Hugging Face datasets and the training JSON of spaCy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.corpus.layout import label_name_files
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.records import Records, parse_record

_TOKENS = ("tokens", "words", "token", "tokenized_text")
_TAGS = ("ner_tags", "tags", "labels", "ner", "ner_tag", "named_entity", "bio_tags", "iob_tags", "label")
_MISSING = "-"  # spaCy: nobody labelled the token
_MISC_FIELDS = ("pos_tags", "chunk_tags", "langs", "spans")


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


def _is_hugging_face(record: Any) -> bool:
    if not isinstance(record, dict):
        return False
    tokens, tags = _field(record, _TOKENS, (str,)), _field(record, _TAGS, (int, str))
    return tokens is not None and tags is not None


def _hugging_face(record: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, dict[str, str]]]:
    tokens, tags = _field(record, _TOKENS, (str,)), _field(record, _TAGS, (int, str))
    if tokens is None or tags is None:
        raise ValueError(f"found no tokens and tags, fields are {', '.join(map(quoted, list(record)[:5])) or 'none'}")
    length = len(record[tags])
    twice = [
        name for name in _TAGS if name != tags and _field(record, (name,), (int, str)) and len(record[name]) == length
    ]
    if twice and length:
        raise ValueError(f"found tags in the fields {tags!r} and {twice[0]!r}")
    used = {tokens, tags, "id", *_MISC_FIELDS}
    meta = {name: value for name, value in record.items() if name not in used and isinstance(value, str)}
    yield record[tokens], record[tags], record.get("id"), meta


def _is_spacy_json(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("paragraphs"), list)


def _spacy_json(record: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, dict[str, str]]]:
    for paragraph in record["paragraphs"]:
        for sentence in paragraph["sentences"]:
            tokens = sentence["tokens"]
            yield [token["orth"] for token in tokens], [token.get("ner", _MISSING) for token in tokens], None, {}


TOKEN_TOOLS = (
    TokenTool("hugging_face", "Hugging Face (tokens and ner_tags)", _is_hugging_face, _hugging_face),
    TokenTool("spacy_json", "spaCy (training JSON)", _is_spacy_json, _spacy_json),
)
"""All tools with tokens."""


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


def _named(tags: list[Any], names: tuple[str, ...]) -> list[str]:
    """Returns tags as texts; numbers are places in the names of the labels."""
    result = []
    for tag in tags:
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
        names = feature.get("names") or (feature.get("class_label") or {}).get("names")
        if isinstance(names, dict):  # {"0": "O", …}, in README.md
            names = [names[str(i)] if str(i) in names else names.get(i) for i in range(len(names))]
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        feature = feature.get("feature", feature.get("sequence"))
    return ()


def _names_near(path: str) -> tuple[str, ...]:
    """Returns the names of numbered labels from a file of the data set.

    Raises:
        CorpusError: no file has them.
    """
    for file in label_name_files(Path(path)):
        try:
            text = file.read_text(encoding="utf-8")
            description = None if file.suffix == ".md" else json.loads(text)
        except (OSError, ValueError, RecursionError) as error:
            raise CorpusError(str(file), None, f"cannot be read ({error})", "Correct or remove the file.") from error
        if isinstance(description, list) and all(isinstance(one, str) for one in description):
            return tuple(description)
        if names := _class_names({"names": description}):  # {"0": "O", …}
            return names
        infos = [description, *(description.values() if isinstance(description, dict) else ())]
        named = (label_names(info.get("features")) for info in infos if isinstance(info, dict))
        if names := next(filter(None, named), ()) or (_names_in_card(text) if description is None else ()):
            return names
    problem = "the tags are numbers, and no file names the labels"
    fix = 'Add dataset_infos.json of the data set, or label_names.json with their list: ["O", "B-PER", …].'
    raise CorpusError(path, None, problem, fix)


def _names_in_card(text: str) -> tuple[str, ...]:
    """Returns the names in the card of a data set: `'0': O` lines below `class_label`."""
    head = text.split("\n---", 1)[0] + "\n"
    for field in _TAGS:
        block = re.search(rf"- name: {field}\n(?:(?!\s*- name:).*\n)*?\s*names:\n((?:\s+'?\d+'?: .*\n)+)", head)
        if block:
            return tuple(line.split(":", 1)[1].strip().strip("'\"") for line in block[1].strip().split("\n"))
    return ()
