"""`--checkpoint`, `--every` and `--resume` of the commands that train."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rowspace.cli.output import note
from rowspace.errors import DataError

Checkpoint = Annotated[
    Path | None, typer.Option(help="Folder for checkpoints, from which a training that was killed goes on.")
]
Every = Annotated[
    str, typer.Option(help="With --checkpoint or --resume: how often, in seconds, or such as '5 min' or '10 chunks'.")
]
Resume = Annotated[
    Path | None,
    typer.Option(
        help="Go on from the checkpoints in this folder, with the same files and options as before. With --checkpoint "
        "of the same folder, begin if there is none."
    ),
]
EVERY = "5 min"


def checkpointing(
    checkpoint: Path | None, every: str, resume: Path | None, out: Path, trace: Path | None = None
) -> dict[str, Any]:
    """The options of the library; refuses at once what it would refuse after reading, or after training."""
    if checkpoint is not None and resume is not None and checkpoint.resolve() != resume.resolve():
        raise DataError("--checkpoint and --resume name two folders; name one: what is resumed is written there too")
    folder = checkpoint if resume is None else resume
    if folder is None:
        return {}
    from rowspace.checkpoint.checkpoints import Every as Times
    from rowspace.checkpoint.checkpoints import check_free, check_there

    Times.of(every)
    if trace is not None:
        raise DataError("a trace cannot be gone on with; leave out --trace, or --checkpoint and --resume")
    if out.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise DataError(f"checkpoints in {folder} would lie in the model {out}; give them a folder of their own")
    if checkpoint is None:
        check_there(folder)
    check_free(folder, resume=resume is not None)
    return {"checkpoint": folder, "every": every, "resume": resume is not None}


class Resumed:
    """Says where a training goes on."""

    def on_resume(self, trainer: Any) -> None:
        """Called before the first example."""
        note(f"resumed after {len(trainer.history)} whole epochs, {trainer.examples:,} examples in all")


@contextmanager
def how_to_go_on(options: dict[str, Any]) -> Iterator[None]:
    """After Ctrl-C and signals like it, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        from rowspace.checkpoint.store import has_checkpoints

        if options and has_checkpoints(options["checkpoint"]):
            note(f"to go on from the last checkpoint, give --resume {options['checkpoint']}")
        raise
