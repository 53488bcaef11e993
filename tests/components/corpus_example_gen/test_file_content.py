"""Content of a file in memory and in a temporary file."""

from __future__ import annotations

import hashlib

import pytest

from components.corpus_example_gen import file_content
from components.corpus_example_gen.file_content import FileContent


@pytest.mark.parametrize("in_memory", [0, 5, 100])
def test_several_passes_read_the_same_bytes_at_the_same_time(monkeypatch, in_memory):
    monkeypatch.setattr(file_content, "_IN_MEMORY", in_memory)
    monkeypatch.setattr(file_content, "CHUNK", 3)
    content = FileContent([b"Peru", b"", b" won."])
    assert (content.size, content.head(6), content.read()) == (9, b"Peru w", b"Peru won.")
    assert [*zip(content.chunks(), content.chunks(), strict=True)] == [(part,) * 2 for part in (b"Per", b"u w", b"on.")]
    assert content.sha256() == hashlib.sha256(b"Peru won.").hexdigest()


def test_an_error_of_the_source_is_raised():
    def chunks():
        yield b"Peru"
        raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        FileContent(chunks())
