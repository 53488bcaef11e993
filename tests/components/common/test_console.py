"""Tables at several widths."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console
from support.processes import run
from support.repository import python_environment

from components.common.console import Column, Row, print_line, print_table, standard_output, wrapped

COLUMNS = [Column("version", right=True), Column("alias", drop=1), Column("run", drop=2), Column("score", right=True)]
ROWS = [
    Row(("1", "", "2026-11-28T02:41:53.609251", "0.8545")),
    Row(("12", "champion", "2026-11-28T03:22:23.437663", "0.9"), "bold", section=True),
]


def printed(width, *, terminal=True, columns=COLUMNS, rows=ROWS, title=""):
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    print_table(console, columns, rows, title)
    return file.getvalue()


def test_a_wide_terminal_shows_all_columns():
    text = printed(80)
    assert "2026-11-28T02:41:53.609251" in text
    assert "left out" not in text


def test_a_narrow_terminal_drops_columns_in_their_order_and_names_them():
    assert "left out for lack of room: alias; a pipe" in printed(50)
    text = printed(40)
    assert "left out for lack of room: alias, run;" in text
    assert " ".join(text.split()).endswith("a pipe (`| cat`) shows all columns")
    assert "0.8545" in text


@pytest.mark.parametrize("width", [120, 80, 50, 40, 20])
def test_no_line_is_wider_than_the_terminal(width):
    assert all(len(line) <= max(width, 41) for line in printed(width).splitlines())


def test_long_cells_that_must_stay_continue_on_the_next_line():
    text = printed(20, columns=[Column("name"), Column("F1", right=True)], rows=[Row(("x" * 30, "0.5"))])
    assert text.count("x") == 30
    assert all(len(line) <= 20 for line in text.splitlines())


def test_a_pipe_gets_plain_text_without_frames_and_blanks_at_the_end():
    assert printed(200, terminal=False, title="Versions") == (
        "Versions\n"
        "version  alias     run                          score\n"
        "      1            2026-11-28T02:41:53.609251  0.8545\n"
        "\n"
        "     12  champion  2026-11-28T03:22:23.437663     0.9\n"
    )


def test_a_long_cell_moves_only_its_own_line_in_a_pipe():
    columns = [Column("setting"), Column("before", long=True), Column("now", long=True), Column("change", right=True)]
    rows = [Row(("epochs", "1", "20", "19")), Row(("notes", "x" * 90, "short", ""), section=True)]
    assert printed(200, terminal=False, columns=columns, rows=rows) == (
        f"setting  {'before':<30}  now    change\nepochs   {'1':<30}  20         19\n\nnotes    {'x' * 90}  short\n"
    )


def test_a_dumb_terminal_gets_no_frames_and_its_own_width(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = standard_output()
    assert (console.width, console.is_dumb_terminal) == (50, True)
    file = io.StringIO()
    console.file = file
    print_table(console, COLUMNS, ROWS)
    assert "─" not in file.getvalue()
    assert file.getvalue().endswith("left out for lack of room: alias; a pipe (`| cat`)\n  shows all columns\n")


def test_a_terminal_breaks_lines_between_words_and_keeps_paths_whole():
    file = io.StringIO()
    console = Console(file=file, width=24, force_terminal=True, color_system=None, legacy_windows=False)
    print_line(console, " as version 3 to /a/very/long/folder/of/models", label="pushed", label_style="green")
    assert file.getvalue() == "pushed as version 3 to\n  /a/very/long/folder/of/models\n"
    assert wrapped("one two three", 9, "key: ") == "key: one\n     two\n     three"
    assert wrapped("one\n\ntwo", 9) == "one\n\ntwo"


def test_brackets_in_cells_and_lines_are_text():
    assert "[bold]x[/bold]" in printed(40, columns=[Column("a")], rows=[Row(("[bold]x[/bold]",))])
    file = io.StringIO()
    print_line(Console(file=file, width=20), "[red] " + "word " * 9)
    assert file.getvalue().startswith("[red] word")
    assert file.getvalue().count("\n") == 1


def test_wide_characters_count_twice():
    text = printed(30, columns=[Column("name"), Column("other", drop=1)], rows=[Row(("北" * 12, "12345"))])
    assert "left out for lack of room:\n  other" in text


@pytest.mark.parametrize(
    ("variables", "written"),
    [
        ({"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "0.1\u20130.2 \u2500"),
        ({"PYTHONIOENCODING": "latin-1"}, r"0.1\u20130.2 \u2500"),
        ({"PYTHONIOENCODING": "ascii"}, r"0.1\u20130.2 \u2500"),
    ],
    ids=["no encoding", "latin-1", "ascii by choice"],
)
def test_standard_output_takes_characters_that_its_encoding_lacks(variables, written):
    program = "import components.common.console as c; c.prepare_standard_streams(); print('0.1\\u20130.2 \\u2500')"
    result = run([sys.executable, "-c", program], env={**python_environment(), **variables}, capture_output=True)
    assert (result.stdout.decode(), result.stderr) == (f"{written}\n", b"")
