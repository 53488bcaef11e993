"""The `ner` command; also `python -m deployable_ner`."""

from __future__ import annotations

from pipeline.cli.main import main

if __name__ == "__main__":
    main(prog_name="ner")
