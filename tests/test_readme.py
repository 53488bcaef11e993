"""README.md stays short, and its scores are the measured ones. Links of all Markdown files resolve.

tests/test_end_to_end.py runs its commands.
"""

from __future__ import annotations

import csv
import re

from support.repository import README, ROOT, readme_commands, repository_files

CORPORA = {
    "UNER English-EWT": "uner_en_ewt",
    "WNUT-17": "wnut17",
    "Broad Twitter Corpus": "btc",
    "UNER Danish-DDT": "uner_da_ddt",
    "UNER Croatian-SET": "uner_hr_set",
    "UNER Swedish-Talbanken": "uner_sv_talbanken",
}


def test_readme_is_short_and_begins_with_a_command() -> None:
    assert readme_commands()[0] == "make run"
    assert len(README.split()) <= 900


def test_links_resolve() -> None:
    broken = []
    for name in repository_files():
        if name.endswith(".md"):
            text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
            targets = re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", text)
            broken += [f"{name}: {target}" for target in targets if not ((ROOT / name).parent / target).exists()]
    assert broken == []


def rows_of(file: str) -> list[dict[str, str]]:
    """Returns the rows of a table of results that README.md links."""
    assert f"({file})" in README
    with (ROOT / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_scores_and_seeds_are_those_of_the_linked_tables() -> None:
    sizes = {row["corpus"]: row for row in rows_of("benchmarks/results/sizes.csv") if row["sentences"] == "all"}
    systems = {(row["corpus"], row["system"]): row for row in rows_of("benchmarks/results/accuracy.csv")}
    table = []
    for title, corpus in CORPORA.items():
        row, crf, bilstm = sizes[corpus], systems[corpus, "crf"], systems.get((corpus, "bilstm"))
        ours = f"**{float(row['ours_cnn_linear_mean']):.1f}** ± {float(row['ours_cnn_linear_std']):.1f}"
        templates = f"{float(crf['test_f1_mean']):.1f}, {float(row['crf_plus_mean']):.1f}"
        lstm = f"{float(bilstm['test_f1_mean']):.1f}" if bilstm else "-"
        table.append(f"| {title} | {ours} | {templates} | {lstm} |")
        assert (row["ours_cnn_linear_seeds"], row["crf_plus_seeds"], crf["seeds"]) == ("3", "1", "1")
        assert bilstm is None or bilstm["seeds"] == ("2" if corpus == "wnut17" else "1")
    printed = README.partition("| corpus | ours |")[2].partition("\n\n")[0].splitlines()[2:]
    assert printed == table
