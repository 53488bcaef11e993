"""The `ner` command; also `python -m deployable_ner`."""

from __future__ import annotations

from pipeline.cli.main import command as main

if __name__ == "__main__":
    main()
