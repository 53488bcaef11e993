"""Kinds of custom properties across pods.

Kubeflow's metadata store knows only floats, and TFX turns every value from there into a JSON value. Code that reads
properties directly (not by name and type) does not find these.
"""

from __future__ import annotations

from typing import Any

KINDS_KEY = "integer_properties"
"""Metadata entry: names of the integer custom properties, separated by commas; empty without any."""


def integer_names(artifact: Any) -> str:
    """Returns the value of the entry for an output artifact of TFX."""
    properties = artifact.mlmd_artifact.custom_properties
    return ",".join(sorted(name for name, value in properties.items() if value.HasField("int_value")))


def restore_kinds(artifact: Any) -> None:
    """Turns the JSON values of a TFX input artifact back into strings, integers and floats.

    Without the entry (an artifact of another pipeline) numbers stay JSON values, which TFX's accessors read as either.
    """
    properties = artifact.mlmd_artifact.custom_properties
    has_entry = KINDS_KEY in properties
    integers = set(artifact.get_string_custom_property(KINDS_KEY).split(",")) if has_entry else set()
    for name in list(properties):
        value = artifact.get_json_value_custom_property(name)
        if name == KINDS_KEY:
            continue
        if isinstance(value, str):
            artifact.set_string_custom_property(name, value)
        elif isinstance(value, float) and name in integers:
            artifact.set_int_custom_property(name, int(value))
        elif isinstance(value, float) and has_entry:
            artifact.set_float_custom_property(name, value)
    if has_entry:
        del properties[KINDS_KEY]
