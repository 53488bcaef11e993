"""The `ner` command; also `python -m deployable_ner`."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Runs `ner`; Ctrl-C ends it with 130 also while it is imported."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as in background jobs
        signal.signal(signal.SIGINT, _leave)
    from pipeline.cli.main import command

    command()


def _leave(number: int, frame: object) -> None:
    os.write(2, b"interrupted (SIGINT)\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
