from __future__ import annotations

import pytest

from components.registry.errors import RegistryError
from components.registry.names import check_alias, check_model_name, parse_version


@pytest.mark.parametrize("name", ["ner", "ner-v2.1_x", "2tags"])
def test_check_model_name_accepts(name):
    assert check_model_name(name) == name


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "it's", ".hidden", "-x", "..", "a b", "née"])
def test_check_model_name_refuses_what_is_no_folder_or_breaks_a_query(name):
    with pytest.raises(RegistryError, match="model name"):
        check_model_name(name)


@pytest.mark.parametrize("alias", ["champion", "candidate", "blue-2"])
def test_check_alias_accepts(alias):
    assert check_alias(alias) == alias


@pytest.mark.parametrize("alias", ["latest", "v1", "V22", "1", "", "a b", "a/b"])
def test_check_alias_refuses_reserved_and_malformed(alias):
    with pytest.raises(RegistryError, match="alias"):
        check_alias(alias)


@pytest.mark.parametrize(("text", "version"), [("", None), ("none", None), ("1", 1), ("27", 27), ("007", 7)])
def test_parse_version(text, version):
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "champion", " 1", "²", "None"])
def test_parse_version_refuses(text):
    with pytest.raises(RegistryError, match="not a version number"):
        parse_version(text)
