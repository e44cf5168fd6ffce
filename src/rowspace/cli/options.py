"""Options of the commands that train: those that all have, and which of those given have no effect."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from rowspace.cli.output import note, show, show_json
from rowspace.errors import DataError
from rowspace.errors.unused import refuse_unused
from rowspace.system.siblings import temporary_folder


@dataclass(frozen=True)
class TrainingOptions:
    """The options that every command has that trains, as they were given."""

    table_on_disk: Annotated[
        bool,
        typer.Option("--table-on-disk", help="Keep tables on disk, beside the model: for those larger than memory."),
    ] = False
    memory: Annotated[
        str | None,
        typer.Option(
            help="With --table-on-disk: how much memory to use, such as '2 GB'. [default: half of what is free]"
        ),
    ] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="Folder for checkpoints, from which a training that was killed goes on.")
    ] = None
    every: Annotated[
        str,
        typer.Option(help="With --checkpoint or --resume: how often, in seconds, or such as '5 min' or '10 chunks'."),
    ] = "5 min"
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Go on from the checkpoints in this folder, with the same files and options as before. With "
            "--checkpoint of the same folder, begin if there is none."
        ),
    ] = None
    progress: Annotated[bool | None, typer.Option(help="Show a bar. [default: on a terminal]")] = None
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False

    def folders(self) -> tuple[Path | None, bool | None]:
        """What `unused_options` of the recipes asks for: whether there are checkpoints, and tables on disk."""
        return self.resume or self.checkpoint, self.table_on_disk or None

    def checkpoints(self, out: Path, trace: Path | None = None) -> dict[str, Any]:
        """The library's options of checkpoints; refuses at once what it would refuse after reading or training."""
        new, resume = self.checkpoint, self.resume
        if new is not None and resume is not None and new.resolve() != resume.resolve():
            raise DataError(
                "--checkpoint and --resume name two folders; name one: what is resumed is written there too"
            )
        folder = new if resume is None else resume
        if folder is None:
            return {}
        from rowspace.checkpoint.checkpoints import Every, check_free, check_there

        Every.of(self.every)
        if trace is not None:
            raise DataError("a trace cannot be gone on with; leave out --trace, or --checkpoint and --resume")
        if out.resolve() in (folder.resolve(), *folder.resolve().parents):
            raise DataError(f"checkpoints in {folder} would lie in the model {out}; give them a folder of their own")
        if new is None:
            check_there(folder)
        check_free(folder, resume=resume is not None)
        return {"checkpoint": folder, "every": self.every, "resume": resume is not None}

    @contextmanager
    def tables(self, out: Path) -> Iterator[dict[str, Any]]:
        """The library's options of tables, with a folder for them beside the model that lasts as long as the block."""
        if not self.table_on_disk:
            yield {}
            return
        from rowspace.system.memory import memory_limit

        memory_limit(self.memory)
        with temporary_folder(Path(os.path.realpath(out)), "tables") as folder:
            yield {"table_on_disk": folder, "memory": self.memory}

    def show_line(self, line: str) -> None:
        """Print a line on the way, where the summary is not JSON."""
        if not self.json:
            show(line)

    def show(self, summary: dict[str, Any], sentence: Callable[[dict[str, Any]], str]) -> None:
        """Print a summary, as JSON or as a sentence."""
        show_json(summary) if self.json else show(sentence(summary))


def check_epochs(epochs: int | None, over: str) -> None:
    """Refuse a training that would not go over its file or text once; DataError."""
    if epochs is not None and epochs < 1:
        raise DataError(f"--epochs is {epochs}; go over the {over} at least once")


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of each class of options that it takes, in the place of that."""
    own = inspect.signature(command).parameters.values()
    shared: dict[str, Any] = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}

    def called(**given: Any) -> None:
        parts = {name: kind(**{f.name: given.pop(f.name) for f in fields(kind)}) for name, kind in shared.items()}
        command(**given, **parts)

    each = [inspect.signature(shared[p.name]).parameters.values() if p.name in shared else [p] for p in own]
    named = [p.replace(kind=p.KEYWORD_ONLY) for some in each for p in some]
    called.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    called.__doc__, called.__name__ = command.__doc__, command.__name__
    return called


class Resumed:
    """Says where a training goes on."""

    _examples: int | None = None  # where it went on
    share = 1.0  # of all examples, that were trained on since

    def on_resume(self, trainer: Any) -> None:
        """Called before the first example."""
        note(f"resumed after {len(trainer.history)} whole epochs, {trainer.examples:,} examples in all")
        self._examples = trainer.examples

    def on_train_end(self, trainer: Any) -> None:
        """Called at the end: of a training that had ended before, nothing was left to do."""
        self.share = 1 - (self._examples or 0) / max(1, trainer.examples)
        if self._examples == trainer.examples:
            note(
                "that training had come to its end: the model is made of its last checkpoint, nothing was trained; for "
                "a new training name another folder for --checkpoint"
            )


@contextmanager
def how_to_go_on(checkpoints: dict[str, Any]) -> Iterator[None]:
    """After Ctrl-C and signals like it, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        from rowspace.checkpoint.store import has_checkpoints

        if not checkpoints:
            note("nothing is kept of this training; with --checkpoint FOLDER it could be resumed")
        elif has_checkpoints(checkpoints["checkpoint"]):
            note(f"to go on from the last checkpoint, run the same with --resume {checkpoints['checkpoint']}")
        else:
            note(f"nothing is kept yet: no checkpoint was due (--every {checkpoints['every']})")
        raise


def option_name(parameter: str) -> str:
    """How a parameter is written on the command line.

    >>> option_name("table_on_disk")
    '--table-on-disk'
    """
    return "--" + parameter.replace("_", "-")


def refuse_without_effect(context: Any, unused: Mapping[str, str]) -> None:
    """Refuse options that were given, be it with their default, and have no effect; DataError says what each is for."""
    given = [name for name in context.params if context.get_parameter_source(name).name != "DEFAULT"]
    refuse_unused(unused, given, option_name)
