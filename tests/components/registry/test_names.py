from __future__ import annotations

import pytest

from components.registry.errors import RegistryError
from components.registry.names import check_alias, check_model_name, parse_version


def test_a_model_name_is_valid_as_folder_and_in_a_query():
    for name in ("ner", "ner-v2.1_x", "2tags"):
        assert check_model_name(name) == name
    for name in ("", "a/b", "a:b", "it's", ".hidden", "-x", "..", "a b", "née", "ner.history"):
        with pytest.raises(RegistryError, match="model name"):
            check_model_name(name)


def test_an_alias_is_not_reserved_by_mlflow():
    for alias in ("champion", "candidate", "blue-2"):
        assert check_alias(alias) == alias
    for alias in ("latest", "v1", "V22", "1", "", "a b", "a/b"):
        with pytest.raises(RegistryError, match="alias"):
            check_alias(alias)


def test_a_version_is_a_number_or_none():
    for text, version in (("", None), ("none", None), ("1", 1), ("27", 27), ("007", 7)):
        assert parse_version(text) == version
    for text in ("0", "-1", "1.0", "champion", " 1", "²", "None", "9" * 20, "9" * 5000):
        with pytest.raises(RegistryError, match="not a version number"):
            parse_version(text)
