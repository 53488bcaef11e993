"""Beam transform that profiles serialized Examples by span."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
import tensorflow as tf

from components.drift_validator.data_profile import DataProfile
from components.keys import TRAIN_SPLIT

_SPAN = re.compile(r"(span-[0-9]+)/")
_NOT_METADATA = frozenset({"key", "sentence", "tags", "source"})


class ProfileExamples(beam.PTransform):
    """Profiles serialized Examples.

    Args:
        split: the split of the Examples; all but `train` are held out.
        tokenizer: tokenizer of the model.
    """

    def __init__(self, split: str, tokenizer: str) -> None:
        """Stores the settings."""
        super().__init__()
        self._held_out = split != TRAIN_SPLIT
        self._tokenizer = tokenizer

    def expand(self, examples: beam.PCollection) -> beam.PCollection:
        """Maps serialized `tf.train.Example`s to (span folder or "", `DataProfile`) pairs."""
        return (
            examples
            | "Key" >> beam.Map(_with_span)
            | "Count" >> beam.CombinePerKey(_Profile(self._held_out, self._tokenizer))
        )


class _Profile(beam.CombineFn):
    def __init__(self, held_out: bool, tokenizer: str) -> None:
        self._held_out, self._tokenizer = held_out, tokenizer

    def create_accumulator(self) -> DataProfile:
        return DataProfile(tokenizer=self._tokenizer)

    def add_input(self, profile: DataProfile, example: tf.train.Example) -> DataProfile:
        values = {
            name: [value.decode("utf-8", "replace") for value in feature.bytes_list.value]
            for name, feature in example.features.feature.items()
        }
        columns = {name: value[0] for name, value in values.items() if name not in _NOT_METADATA and value}
        profile.add(values["sentence"][0], values.get("tags", []), columns, self._held_out)
        return profile

    def merge_accumulators(self, profiles: Iterable[DataProfile]) -> DataProfile:
        return merge_profiles(profiles)

    def extract_output(self, profile: DataProfile) -> DataProfile:
        return profile


def merge_profiles(profiles: Iterable[DataProfile]) -> DataProfile:
    """Returns the sum of profiles."""
    total = DataProfile()
    for profile in profiles:
        total.merge(profile)
    return total


def newest_span_profile(profiles: Sequence[tuple[str, DataProfile]]) -> tuple[str, DataProfile]:
    """Returns the profile of the newest span: in a window, older spans would hide a change in the newest.

    Args:
        profiles: (span folder or "", profile) pairs; not empty.

    Returns:
        The name of the span ("" for a corpus without spans) and its profile.
    """
    names = {name for name, _ in profiles}
    newest = max(names, key=lambda name: int(name.partition("-")[2] or -1))
    return newest, merge_profiles(profile for name, profile in profiles if name == newest)


def pack(profile: tuple[str, DataProfile]) -> str:
    """Serializes the profile of a span to one line of text for a Beam sink."""
    return json.dumps([profile[0], profile[1].to_json()])


def unpack(line: str) -> tuple[str, DataProfile]:
    """Reads the output of `pack`."""
    name, text = json.loads(line)
    return name, DataProfile.from_json(text)


def _with_span(serialized: bytes) -> tuple[str, Any]:
    example = tf.train.Example.FromString(serialized)
    source = example.features.feature["source"].bytes_list.value
    match = _SPAN.match(source[0].decode("utf-8", "replace")) if source else None
    return (match[1] if match else ""), example
