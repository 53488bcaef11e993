"""Mutated column files and an independent count of their lines, for property tests and fuzzers.

`column_files` is a hypothesis strategy of the bytes of a file: sentences in one of the layouts that people have, with a
few changes. `count_lines` counts lines without the readers. A reader must either raise `CorpusError` or account for
each of them.
"""

from __future__ import annotations

from hypothesis import strategies as st

_WORDS = st.sampled_from(
    ["Ada", "#", "#tag", '"', '""', "1", "07", "-DOCSTART-", "New York", "", "a,b", "\u200b", "naïve", "O"]
)
_TAGS = st.sampled_from(
    ["O", "B-PER", "I-PER", "S-LOC", "_", "B_PER", "b-per", "PER-B", "B", "PER", "", "B-O", "B-X,B-Y"]
)
_LINES = st.sampled_from(
    [
        "", "\t", " ", "# id = 1", "# text", "#", "#oslo", "-DOCSTART- O", "-DOCSTART- ", "token\tlabel", "x",
        "a\tO\rb\tO", "\x07\tO", f"{'9' * 5000}\tx\tO", '"a', '"""a"\tO', "1-2\tdu\tO", "#begin document (a)",
    ]
)  # fmt: skip
_LAYOUTS = {
    "tab": lambda s, i, word, tag: f"{word}\t{tag}",
    "space": lambda s, i, word, tag: f"{word} {tag}",
    "index": lambda s, i, word, tag: f"{i}\t{word}\t{tag}",
    "sentence": lambda s, i, word, tag: f"{s}\t{word}\t{tag}",
    "sentence, first row": lambda s, i, word, tag: f"{f'Sentence: {s}' if i == 1 else ''}\t{word}\t{tag}",
    "sentence, last": lambda s, i, word, tag: f"{word}\t{tag}\t{s}",
    "quoted": lambda s, i, word, tag: f'"{word.replace(chr(34), 2 * chr(34))}"\t{tag}',
}


@st.composite
def column_files(draw: st.DrawFn) -> bytes:
    """Draws the content of a file."""
    row, end = _LAYOUTS[draw(st.sampled_from(sorted(_LAYOUTS)))], draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        pairs = draw(st.lists(st.tuples(_WORDS, _TAGS), min_size=1, max_size=4))
        lines += [row(number, i, *pair) for i, pair in enumerate(pairs, 1)] + [""] * draw(st.integers(0, 2))
    for place, line in draw(st.lists(st.tuples(st.integers(0, len(lines)), _LINES), max_size=3)):
        lines.insert(place, line)
    return (end.join(lines) + draw(st.sampled_from(["", "\n", end]))).encode()


def count_lines(data: bytes) -> int:
    """Counts the lines of a file; LF and CR LF end lines, and CR where no LF does (one at the end does not count)."""
    text = data.decode()
    if "\n" not in text.rstrip("\r\n"):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.count("\n") + (text != "" and text[-1] != "\n")
