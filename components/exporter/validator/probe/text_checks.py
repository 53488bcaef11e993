"""Checks of signatures that take sentences and return tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .endpoint import Arrays, Context, Endpoint, require_outputs
from .pitfalls import CheckFailedError, NothingToCheck, counted
from .values import LONG_TEXTS, PLAIN_TEXTS, UNKNOWN_WORDS, UNUSUAL_TEXTS

_BATCH = 32
# Texts for offsets: valid UTF-8, and short, because they are sent in one padded batch.
_READABLE = tuple(
    text.decode("utf-8", "ignore") for name, text in UNUSUAL_TEXTS.items() if name not in {*LONG_TEXTS, "invalid UTF-8"}
)


def golden_sentences(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Sentences get the same tags as from the training graph."""
    cases = [case for case in context.golden if "sentence" in case]
    tags = endpoint.names("tags")
    if not endpoint.takes_text or not tags:
        return NothingToCheck("no sentences in, tags out")
    if not cases:
        return NothingToCheck("no known sentences")
    batches = list(_batches(cases, context.limit))
    for batch in batches:
        answer = endpoint.call(endpoint.text_request([case["sentence"].encode() for case in batch]), "golden sentences")
        for case, row in zip(batch, answer[tags[0]], strict=False):
            fixed = len(row) if endpoint.contract["outputs"][tags[0]].get("shape", [])[1:] == [len(row)] else None
            _require_tags(case, [tag.decode("utf-8", "replace") for tag in row], context.pad, fixed)
    sent = sum(map(len, batches))
    sentences = counted(sent, "sentence")
    return sentences if sent == len(cases) else f"{sentences}; {len(cases) - sent} above the limit"


def unusual_texts(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Unusual texts get an answer of the right shape, alone and in one batch."""
    if not endpoint.takes_text:
        return NothingToCheck("no sentences in")
    texts = {name: text for name, text in UNUSUAL_TEXTS.items() if not context.limit or len(text) <= context.limit}
    for name, text in texts.items():
        answer = endpoint.call(endpoint.text_request([text]), f"text: {name}", "unusual_text")
        require_outputs(endpoint, answer, 1)
    short = [text for name, text in UNUSUAL_TEXTS.items() if name not in LONG_TEXTS]
    everything = endpoint.call(endpoint.text_request(short), "all short unusual texts at once", "unusual_text")
    require_outputs(endpoint, everything, len(short))
    return f"{len(texts)} texts: {', '.join(texts)}"


def max_characters(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """A request as large as the contract permits gets an answer, a larger one an error that names the limit."""
    limit = context.limit
    if not limit or not endpoint.takes_text or not endpoint.names("tags"):
        return NothingToCheck("no limit")
    for character in (b"a", b"\xff"):
        answer = endpoint.call(
            endpoint.text_request([character * limit]), f"a text of {limit} characters", "unlimited_request"
        )
        require_outputs(endpoint, answer, 1)
        try:
            endpoint.call(endpoint.text_request([character * (limit - 1), character * 2]), "a text that is too long")
        except CheckFailedError as error:
            if f"{limit:,}" not in str(error):
                raise
        else:
            raise CheckFailedError("unlimited_request", f"{limit + 1} characters are accepted; the limit is {limit}")
    return f"{limit:,} characters"


def padding(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Every token has a tag, unknown words included, and only padding is padded."""
    tags = endpoint.names("tags")
    if not endpoint.takes_text or not tags or not context.pad:
        return NothingToCheck("no padded tags")
    texts = ["Paris went to " * 100, UNKNOWN_WORDS, f"{UNKNOWN_WORDS} Paris", *PLAIN_TEXTS, *_READABLE]
    answer = endpoint.call(endpoint.text_request([text.encode() for text in texts]), "unknown words")
    for row, text in enumerate(texts):
        actual = [tag.decode("utf-8", "replace") for tag in answer[tags[0]][row]]
        length = next((index for index, tag in enumerate(actual) if tag == context.pad), len(actual))
        if any(tag != context.pad for tag in actual[length:]):
            raise CheckFailedError("pad_is_unknown", f"{text[:60]!r}: {context.pad} within the tags {actual[:12]}")
        least = _least_tokens(text, endpoint.contract["outputs"][tags[0]].get("shape"))
        if length < least:
            raise CheckFailedError("pad_is_unknown", f"{text[:60]!r}: {least} tokens, {length} tags: {actual[:12]}")
        if _tokens(endpoint, answer, row) not in (None, length):
            tokens = _tokens(endpoint, answer, row)
            raise CheckFailedError("pad_is_unknown", f"{text[:60]!r}: {tokens} tokens, {length} tags: {actual[:12]}")
    return f"{len(texts)} texts"


def offsets(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Offsets cut the returned tokens and entities out of the sentence."""
    texts = [*PLAIN_TEXTS, *_READABLE]
    kinds = [("tokens", "starts", "ends"), ("entity_texts", "entity_starts", "entity_ends")]
    by_role = [[endpoint.names(role) for role in kind] for kind in kinds]
    groups = [[names[0] for names in kind] for kind in by_role if all(kind)]
    if not endpoint.takes_text or not groups:
        return NothingToCheck("no offsets")
    answer = endpoint.call(endpoint.text_request([text.encode() for text in texts]), "texts with offsets")
    for outputs in groups:
        for row, text in enumerate(texts):
            for piece, start, end in zip(*(answer[name][row] for name in outputs), strict=False):
                if end > start and text[start:end].encode() != piece:
                    detail = (
                        f"{text[:60]!r}: {outputs[0]} {piece!r} at {start}-{end}, where the text is {text[start:end]!r}"
                    )
                    raise CheckFailedError("wrong_offsets", detail)
    return f"{len(texts)} texts"


def valid_tags(context: Context, endpoint: Endpoint) -> str | NothingToCheck:
    """Tags are valid IOB2 if the contract says so: I-X follows only B-X or I-X, also in shuffled sentences."""
    tags = endpoint.names("tags")
    if not context.contract.get("valid_iob2") or not tags or not endpoint.takes_text:
        return NothingToCheck("not promised")
    plain = endpoint.plain_texts
    texts = [*plain, *(b" ".join(reversed(text.split())) for text in plain), *(text.split()[-1:] for text in plain)]
    texts = [text if isinstance(text, bytes) else b"".join(text) for text in texts]
    answer = endpoint.call(endpoint.text_request(texts), "shuffled sentences")
    for text, row in zip(texts, answer[tags[0]], strict=False):
        before = ""
        for tag in (tag.decode("utf-8", "replace") for tag in row):
            if (tag.startswith("I-") and before[:2] not in ("B-", "I-")) or (tag[:2] == "I-" and before[2:] != tag[2:]):
                raise CheckFailedError("invalid_tags", f"{text[:60]!r}: {tag} after {before or 'nothing'}")
            before = tag
    return f"{len(texts)} texts"


def _batches(cases: Sequence[Mapping[str, Any]], limit: int) -> Iterator[list[Mapping[str, Any]]]:
    """Yields batches whose padded answers keep the limit of a request; sentences beyond it are left out."""
    batch: list[Mapping[str, Any]] = []
    for case in cases:
        longest = max(len(each["sentence"]) for each in (*batch, case))
        if batch and (len(batch) == _BATCH or (limit and longest * (len(batch) + 1) > limit)):
            yield batch
            batch = []
        if not limit or len(case["sentence"]) <= limit:
            batch.append(case)
    if batch:
        yield batch


def _require_tags(case: Mapping[str, Any], actual: list[str], pad: str, fixed: int | None) -> None:
    expected = list(case["tags"])[:fixed]
    if actual[: len(expected)] != expected or any(tag != pad for tag in actual[len(expected) :]):
        raise CheckFailedError(
            "wrong_tags",
            f"{case['sentence'][:80]!r}: the training graph gives {expected[:12]}, the export {actual[:12]}",
        )


def _tokens(endpoint: Endpoint, answer: Arrays, row: int) -> int | None:
    """Counts the tokens of a row by its offsets, since no token is empty. None: the model returns no offsets."""
    starts, ends = endpoint.names("starts"), endpoint.names("ends")
    return int(np.sum(answer[ends[0]][row] > answer[starts[0]][row])) if starts and ends else None


def _least_tokens(text: str, shape: Sequence[int | None] | None) -> int:
    """Returns the minimum number of tags: one per word of letters, up to the fixed length of the output."""
    words = sum(any(letter.isalpha() and letter.isascii() for letter in word) for word in text.split(" "))
    fixed = shape[1] if shape and len(shape) > 1 else None
    return words if fixed is None else min(words, fixed)
