"""The command `rowspace`: every command parses, makes one library call, and prints."""

import sys
from typing import Annotated

import typer

from rowspace.cli import checking, files, judging, models, pictures, training
from rowspace.cli.ending import ended_by_signals
from rowspace.cli.group import Commands, told
from rowspace.cli.output import note, plain_streams

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(pictures.demo)
app.add_typer(training.app, name="train")
app.command("neighbors")(models.neighbors)
app.command("analogy")(models.analogy)
app.command("evaluate")(judging.evaluate)
app.command("info")(models.info)
app.command("check")(checking.check)
app.command("plot")(pictures.plot)
app.command("export")(files.export)
app.command("import")(files.import_)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=lambda v: _version(v))
    ] = False,
) -> None:
    """Learn embeddings, look at them, and hand them to other tools.

    Example: rowspace demo
    """


def _version(asked: bool) -> None:
    if asked:
        from rowspace import __version__

        typer.echo(f"rowspace {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command that `sys.argv` names."""
    with plain_streams(), ended_by_signals():
        try:
            sys.exit(app())
        except OSError as error:  # of --help and --version; commands tell their own
            note(f"rowspace: standard output: {told(error)}")
            sys.exit(1)
