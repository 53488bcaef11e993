"""Check of a corpus before a training: counts, likely mistakes of labels, odd text.

Read `check` first (the order of the work), then `finding` (the result). `reading` reads the files, `store` keeps the
sentences; `counts`, `duplicates`, `labelled_texts` with `occurrences`, `characters` and `raw_text` each look for one
kind of finding; `text` prints them, and `components.reporter.page.corpus_page` makes a page of them.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "CorpusCheck": "check",
        "Finding": "finding",
        "Severity": "finding",
        "check_corpus": "check",
        "print_check": "text",
    },
)
