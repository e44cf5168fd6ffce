"""The command `rowspace`: every command parses, makes one library call, and prints.

- `train_pairs.py`, `train_text.py`: from a file to a model; `options.py` and `hold_out.py` have what
  both take, `reading.py` how a file of pairs is read, `splitting.py` how a text is.
- `ask.py`, `evaluate.py`, `check.py`, `plot.py`, `convert.py`: what is done with a model.
- `vectors.py`: a model or a file of vectors, opened. `paths.py`: what can be refused before the work begins.
- `output.py`: results, notes and errors as they are printed.
- `group.py`, `ending.py`: how a command ends: with a line instead of a traceback, after Ctrl-C or another signal.

Another command is a function, and a line here.
"""

import sys
from typing import Annotated

import typer

from rowspace.cli import ask, check, convert, evaluate, plot, train_pairs
from rowspace.cli.ending import ended_by_signals
from rowspace.cli.group import Commands
from rowspace.cli.output import note_error, plain_streams

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(plot.demo)
app.add_typer(train_pairs.app, name="train")
app.command("neighbors")(ask.neighbors)
app.command("analogy")(ask.analogy)
app.command("evaluate")(evaluate.evaluate)
app.command("info")(ask.info)
app.command("check")(check.check)
app.command("plot")(plot.plot)
app.command("export")(convert.export)
app.command("import")(convert.import_)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("-V", "--version", help="Print the version.", is_eager=True, callback=lambda v: _version(v))
    ] = False,
) -> None:
    """Learn embeddings, look at them, and hand them to other tools.

    Example: rowspace demo
    """


def _version(asked: bool) -> None:
    if asked:
        from rowspace.version import __version__

        typer.echo(f"rowspace {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command that `sys.argv` names."""
    with plain_streams(), ended_by_signals():
        try:
            sys.exit(app(prog_name="rowspace"))
        except OSError as error:  # of --help and --version; commands tell their own
            note_error(error, "standard output: ")
            sys.exit(1)
