"""Tools for corpora of people: convert, split, sample, rename types, compare. Without TFX and TensorFlow.

Read `sentence` first (the data), then `reading` and `writing`; `writers/` has one writer a format. `convert`, `split`,
`sample`, `merge_types` and `diff` each do the work of the command of this name in `ner data`, and `check/` looks for
mistakes.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "AnnotatedSentence": "sentence",
        "Entity": "sentence",
        "read_corpus": "reading",
        "write_corpus": "writing",
    },
)
