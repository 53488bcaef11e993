"""Generated sample corpora, so that the first run needs no download.

Read `sample` first: it writes the corpora `articles` and `newswire`. `generator` fills the sentences of `templates.txt`
with the words of `lexicon.txt`.
"""

from pipeline.samples.sample import KINDS, write_sample

__all__ = ["KINDS", "write_sample"]
