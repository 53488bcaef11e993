"""Check of the arguments for Beam, before a pipeline runs."""

from __future__ import annotations

import contextlib
import difflib
import io
import logging
from collections.abc import Sequence
from typing import Any

from components.common.errors import NerError, shortened


class BeamArgumentError(NerError):
    """A runner that cannot be loaded, or an option that is missing, misspelt or has a wrong value."""


def make_pipeline(arguments: Sequence[str], where: str) -> Any:
    """Returns an empty Beam pipeline; nothing is started or connected.

    Args:
        arguments: as Beam's command line takes them.
        where: setting or option that holds them, for the error.

    Raises:
        BeamArgumentError: Beam cannot run with these arguments.

    Example:
        >>> make_pipeline(["--runner=my_package.Runner"], "beam.args")
        Traceback (most recent call last):
        components.common.beam_arguments.BeamArgumentError: beam.args: --runner=my_package.Runner: \
No module named 'my_package'. Correct the name, install the package, or correct the options of the runner.
    """
    # Inside: `ner` starts without Beam, which takes seconds.
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions
    from apache_beam.runners.portability.portable_runner import PortableRunner

    options = PipelineOptions(list(arguments))
    name = options.view_as(StandardOptions).runner
    runner = f"{where}: --runner={name}" if name else where
    if str(name).lower() in ("portable", "portablerunner") and not options.view_as(PortableOptions).job_endpoint:
        raise BeamArgumentError(f"{runner}: needs --job_endpoint=HOST:PORT, the address of a job server. Add it.")
    try:
        pipeline = beam.Pipeline(options=options)
    except (ValueError, TypeError, ImportError, AttributeError) as error:  # Beam imports a runner by its name
        problem = shortened(" ".join(str(error).split()).rstrip("."), 400)
        raise BeamArgumentError(
            f"{runner}: {problem}. Correct the name, install the package, or correct the options of the runner."
        ) from error
    parser = _parser(options, where)
    _, unknown = parser.parse_known_args(list(arguments))
    # The job server of a portable runner adds options.
    if unknown and not isinstance(pipeline.runner, PortableRunner):
        known = [option for action in parser._actions for option in action.option_strings]
        close = difflib.get_close_matches(unknown[0].partition("=")[0], known, 1)
        raise BeamArgumentError(
            f"{where}: neither ner nor Beam has the option {unknown[0]}. "
            + (f"Is {close[0]} meant?" if close else "Correct it, or leave it out.")
        )
    return pipeline


def _parser(options: Any, where: str) -> Any:
    """Returns Beam's parser of all options, which has read the arguments once."""
    parsers: list[Any] = []
    printed = io.StringIO()
    logger = logging.getLogger("apache_beam.options.pipeline_options")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns of the unknown options, which the caller refuses
    try:
        with contextlib.redirect_stderr(printed):
            options.get_all_options(add_extra_args_fn=parsers.append)
    except SystemExit as error:
        reason = printed.getvalue().strip().rpartition("error: ")[2]
        raise BeamArgumentError(f"{where}: an option has a wrong value ({reason}). Correct it.") from error
    finally:
        logger.setLevel(level)
    return parsers[0]
