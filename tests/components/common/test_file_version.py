"""Versions of files that are too large to read."""

from __future__ import annotations

import os

import pytest

from components.common.file_version import file_version


@pytest.mark.parametrize("name", ["gs://bucket/glove.txt", "bert_base_en", "/nowhere/at/all"])
def test_what_is_no_file_has_no_version(name):
    assert file_version(name) == ""


def test_a_changed_file_has_another_version(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("a 1")
    first = file_version(str(path))
    assert first == file_version(str(path)) != ""
    path.write_text("a 12")
    longer = file_version(str(path))
    os.utime(path, ns=(1, 1))
    assert len({first, longer, file_version(str(path))}) == 3


def test_a_folder_has_the_version_of_all_its_files(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "vocabulary.txt").write_text("a")
    first = file_version(str(tmp_path))
    (tmp_path / "assets" / "vocabulary.txt").write_text("ab")
    second = file_version(str(tmp_path))
    (tmp_path / "assets" / "vocabulary.txt").rename(tmp_path / "vocabulary.txt")
    assert len({first, second, file_version(str(tmp_path))}) == 3
