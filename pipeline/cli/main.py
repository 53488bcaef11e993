"""The `ner` command: its table of commands, and the commands that other packages add.

A command's module is imported when the command is called, because TFX takes many seconds to import.

A package adds a command with an entry point of the group `deployable_ner.commands`, whose value is a click command
(docs/extending.md). `ner --help` shows the summary of the package and does not import it.
"""

from __future__ import annotations

import atexit
import contextlib
import difflib
import importlib
import logging
import os
import sys
import warnings
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from components.common import interruption
from components.common.console import ConsoleHandler, OutputError, ReaderGoneError, announce, prepare_standard_streams
from components.common.errors import NerError
from components.common.extras import missing_extra
from components.common.faults import explain
from components.common.files import private_files
from components.common.masking import mask, mask_logs_and_tracebacks
from pipeline.cli.exit_codes import with_exit_codes

COMMAND_GROUP = "deployable_ner.commands"
"""Group of the entry points with which other packages add commands."""

# Name -> ("module:attribute" of the command, one line of help).
COMMANDS = {
    "run": ("pipeline.cli.run:run", "Run the pipeline: labelled text in, a served tagger out."),
    "distill": ("pipeline.cli.run:distill", "Train a small tagger with a larger one as its teacher."),
    "compile": ("pipeline.cli.compile:compile_command", "Compile the pipeline for Kubeflow or Vertex AI."),
    "report": ("pipeline.cli.report:report", "Show the report of a run."),
    "learning-curve": ("pipeline.cli.report:learning_curve", "Measure how much more labels would help."),
    "evaluate": (
        "pipeline.cli.evaluate:evaluate",
        "Score a model on labelled data, or logged requests on late labels.",
    ),
    "retrain": ("pipeline.cli.retrain:retrain", "Retrain if there is a reason; promote unless worse."),
    "schedule": ("pipeline.cli.retrain:schedule", "Retrain at set times."),
    "drift": ("pipeline.cli.drift:drift", "Compare logged requests with the champion's training data."),
    "predict": ("pipeline.cli.predict:predict", "Tag sentences with the champion."),
    "suggest": ("pipeline.cli.suggest:suggest", "Choose the sentences that are worth labelling next."),
    "serve": ("pipeline.cli.serve:serve", "Serve the champion over HTTP and gRPC."),
    "registry": ("pipeline.cli.registry:registry", "List, compare, promote and roll back registered models."),
    "lineage": ("pipeline.cli.registry:lineage", "Show the origin of a version and the runs that used it."),
    "clean": ("pipeline.cli.run:clean", "Remove old runs, versions and leftovers."),
    "data": ("pipeline.cli.data:data", "Check, convert, divide, sample and compare corpora."),
    "package": ("pipeline.cli.package:package", "Prepare a model for a server."),
    "add-signatures": ("pipeline.cli.saved_model:add_signatures", "Add signatures to any SavedModel."),
    "kfp": ("pipeline.cli.kfp:kfp", "Upload, run, wait and schedule on Kubeflow Pipelines."),
    "inspect": ("pipeline.cli.saved_model:inspect", "Show the contract of a SavedModel, and validate it."),
    "completion": ("pipeline.cli.main:completion", "Print a completion script for a shell."),
}


class _Commands(click.Group):
    """Group that imports a command when it is called, and prints its errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, the project's own first."""
        added, _ = _added_commands()
        return [*COMMANDS, *added]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command; None if there is none of this name."""
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name][0].partition(":")
            return with_exit_codes(getattr(importlib.import_module(module), attribute))
        entry = _added_commands()[0].get(cmd_name)
        return None if entry is None else _loaded(entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; an unknown name is an error that names similar ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx))
            if close and not isinstance(error, click.NoSuchOption):
                text = f"{error.message} Did you mean {' or '.join(map(repr, close))}?"
                error.message = text  # type: ignore[misc]  # final for subclasses
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands and their lines of help; no command is imported."""
        added, ignored = _added_commands()
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        if added:
            with formatter.section("Commands of other packages"):
                formatter.write_dl([(name, _summary(entry)) for name, entry in added.items()])
        for entry in ignored:
            formatter.write_paragraph()
            formatter.write_text(f"Ignored: {entry.name} of {_package(entry)}, because another command has this name.")

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a command; Ctrl-C and SIGTERM end it with one line and the exit code 130 or 143."""
        with interruption.handled():
            try:
                return super().main(*args, **kwargs)
            except OutputError as error:  # the text of --help or --version cannot be written
                announce(f"error: {error}", "red")
                raise SystemExit(1) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Prints an error as text; `--debug` shows the traceback."""
        try:
            return self._interruptible(ctx)
        except click.ClickException as error:
            if isinstance(error, click.UsageError) and "unexpected extra argument" in error.message:
                error.message += _hint_about_arguments(error.ctx)  # type: ignore[misc]
            error.message = mask(error.message)  # type: ignore[misc]  # final for subclasses; usage errors keep their class
            raise  # click reports it
        except (click.exceptions.Exit, click.Abort):
            raise  # click reports them
        except ReaderGoneError:
            ctx.exit(0)
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            announce(f"error: {_message(error, ctx.invoked_subcommand)}", "red")
            ctx.exit(1)

    def _interruptible(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BaseException:  # a library may have raised another error because of it
            if interruption.received():
                interruption.leave()
            raise


def _hint_about_arguments(ctx: click.Context | None) -> str:
    """Returns the form of the option whose value was written as an argument."""
    params = ctx.params if ctx is not None else {}
    for setting in params.get("settings") or ():
        if "=" not in setting:
            return f". Write --set KEY=VALUE, with =, as in --set {setting}=VALUE."
    return ". Give a corpus with --data PATH." if "data" in params else ""


def _message(error: Exception, command: str | None) -> str:
    if (missing := missing_extra(error, f"ner {command}")) is not None:
        return str(missing)
    if (explanation := explain(error)) is not None:
        return str(explanation)
    text = mask(f"unexpected {type(error).__name__}: {error}")
    return f"{text}\nThis is a defect of ner; `ner --debug ...` shows where."


def _added_commands() -> tuple[dict[str, EntryPoint], list[EntryPoint]]:
    """Returns name -> entry point of other packages, and the entry points whose names are taken."""
    added: dict[str, EntryPoint] = {}
    ignored = []
    for entry in sorted(entry_points(group=COMMAND_GROUP), key=lambda entry: (entry.name, _package(entry))):
        if entry.name in COMMANDS or entry.name in added:
            ignored.append(entry)
        else:
            added[entry.name] = entry
    return added, ignored


def _loaded(entry: EntryPoint) -> click.Command:
    try:
        command = entry.load()
    except (Exception, SystemExit) as error:  # the module of another package may raise anything
        raise NerError(
            f"ner {entry.name}: {_package(entry)} cannot be loaded from {entry.value} "
            f"({type(error).__name__}: {error}). Repair or uninstall the package."
        ) from error
    if not isinstance(command, click.Command):
        raise NerError(
            f"ner {entry.name}: {entry.value} of {_package(entry)} is not a click command. "
            "Decorate the function with @click.command()."
        )
    return command


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"


def _summary(entry: EntryPoint) -> str:
    metadata = entry.dist.metadata if entry.dist else None
    summary = metadata["Summary"] if metadata is not None and "Summary" in metadata else entry.value
    return f"{summary} ({_package(entry)})"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deployable-ner")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def main(ctx: click.Context, debug: bool) -> None:
    """Train, export, evaluate and serve a sequence tagger."""
    mask_logs_and_tracebacks()
    ctx.with_resource(private_files())
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False  # click knows neither
    if not sys.warnoptions:
        # Users cannot act on warnings of the libraries. In the tests our own warnings are errors.
        warnings.simplefilter("ignore")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not logging.root.handlers:  # absl would add one that prints `WARNING:absl:`
        logging.root.addHandler(ConsoleHandler())
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of each repetition; the error says the rest
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its deprecation warnings concern mostly its own code


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands, options and file names.

    \b
    bash: ner completion bash > ~/.local/share/bash-completion/completions/ner
    zsh:  ner completion zsh > a folder of $fpath, as _ner
    fish: ner completion fish > ~/.config/fish/completions/ner.fish
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None  # click has all three
    click.echo(complete(ctx.find_root().command, {}, "ner", "_NER_COMPLETE").source())


def command() -> None:
    """Runs `ner` in a separate process, which ends with the command.

    The teardown of TensorFlow, Beam and TFX by the interpreter takes up to ten seconds and has no useful effect.
    """
    status = 1
    prepare_standard_streams()

    def leave() -> None:
        nonlocal status
        logging.shutdown()
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or closed
            try:
                sys.stdout.flush()
            except OutputError as error:
                if status == 0:
                    print(f"error: {error}", file=sys.stderr)
                    status = 1
            sys.stderr.flush()
        os._exit(status)

    atexit.register(leave)  # the first registered function is the last to be called
    try:
        main(prog_name="ner")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
