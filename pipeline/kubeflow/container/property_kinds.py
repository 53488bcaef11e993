"""Keeps custom properties what they were, integers above all, on their way from one pod to the next.

Kubeflow's metadata store knows only floats, and TFX makes one kind of JSON value of everything that comes from there,
which code that reads the properties as they are (and not by name and type) does not find.
"""

from __future__ import annotations

from typing import Any

KINDS_KEY = "integer_properties"
"""Metadata entry: names of the custom properties that are integers, joined by commas; empty when none is."""


def integer_names(artifact: Any) -> str:
    """Returns the text of the entry for an output artifact of TFX."""
    properties = artifact.mlmd_artifact.custom_properties
    return ",".join(sorted(name for name, value in properties.items() if value.HasField("int_value")))


def restore_kinds(artifact: Any) -> None:
    """Turns the JSON values of an input artifact of TFX into texts, integers and floats again.

    Of an artifact without the entry, one that another pipeline made, numbers stay JSON values, which TFX's accessors
    read as either.
    """
    properties = artifact.mlmd_artifact.custom_properties
    noted = KINDS_KEY in properties
    integers = set(artifact.get_string_custom_property(KINDS_KEY).split(",")) if noted else set()
    for name in list(properties):
        value = artifact.get_json_value_custom_property(name)
        if name == KINDS_KEY:
            continue
        if isinstance(value, str):
            artifact.set_string_custom_property(name, value)
        elif isinstance(value, float) and name in integers:
            artifact.set_int_custom_property(name, int(value))
        elif isinstance(value, float) and noted:
            artifact.set_float_custom_property(name, value)
    if noted:
        del properties[KINDS_KEY]
