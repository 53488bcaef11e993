"""The page of a check: sentences are escaped, marked, and limited in size."""

from __future__ import annotations

import datetime
import re
from collections import Counter

from support.lazy import LazyModule

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_tools.check import CorpusCheck, Finding, Severity
from components.corpus_tools.check.counts import SplitCounts
from components.corpus_tools.check.finding import Item, Place
from components.text.spans import Span

corpus_page = LazyModule("components.reporter.page.corpus_page")

WHEN = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
EVIL = "<script>alert('&')</script>"


def page(items, **options):
    total = len(items) + 5
    finding = Finding("missing_label", Severity.WARNING, "Likely missing labels", "Label them.", tuple(items), total)
    splits = {"train": SplitCounts(5, Counter({"PER": 2}), Counter({5: 1})), "eval": SplitCounts(known=0)}
    check = CorpusCheck(EVIL, 1, splits, Counter({"Latin": 1}), (finding,), IngestReport(), ("Some were left out.",))
    return corpus_page.render_check(check, WHEN, **options)


def case(subject, *tokens):
    place = Place("train.conll", 7, "outside", (*tokens, EVIL, "left"), (Span("PER", 0, 1),), 1, 2)
    return Item(subject, EVIL, (place,), 3)


def test_everything_from_the_corpus_is_escaped():
    html = page([case(EVIL, EVIL)])
    assert EVIL not in html
    assert html.count("alert(") == 6  # path in title and heading, case, observation, two words


def test_entities_and_the_words_of_the_finding_are_marked():
    marks = re.findall(
        r'<mark class="entity( focus)?"[^>]*>([^&]+)&nbsp;<bdi class="type">(\w+)', page([case("a", "Ada")])
    )
    assert [(name.strip(), kind) for _, name, kind in marks[:1]] == [("Ada", "PER")]
    html = page([case("a", "Ada")])
    assert '<bdi class="type">outside</bdi>' in html
    assert "<code>train.conll:7</code> outside" in html
    assert "and 2 more places" in html


def test_the_size_is_limited_and_the_rest_is_counted():
    items = [case(str(i), *["word" * 50] * 100) for i in range(200)]
    html = page(items, most_bytes=80_000)
    assert len(html.encode()) <= 80_000
    left_out = int(re.search(r"([0-9,]+) more cases are left out", html)[1].replace(",", ""))
    assert left_out + html.count('<li>\n      <p class="head">') == 205


def test_an_empty_result_is_a_page():
    check = CorpusCheck("corpus", 0, {}, Counter(), (), IngestReport())
    assert "0 errors, 0 warnings" in " ".join(corpus_page.render_check(check, WHEN).split())
