"""CorpusExampleGen: reads a corpus folder into `tf.train.Example`s and accounts for every sentence.

Read `component` first, then `executor`. `plan` decides what to read, `readers/` reads files, `cleaning/` repairs and
counts, `corpus/` knows the layout of folders, `example` builds the examples.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "CorpusExampleGen": "component",
        "CorpusError": "errors",
        "CorpusSettings": "settings",
        "IngestReport": "cleaning.report",
        "LabelledData": "labelled_data",
        "read_corpus_file": "readers.corpus_reader",
    },
)
