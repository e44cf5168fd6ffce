"""`rowspace train text`: word vectors from a text."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from rowspace.cli.hold_out import HoldOutOptions, note_kept
from rowspace.cli.options import (
    Resumed,
    TrainingOptions,
    check_epochs,
    how_to_go_on,
    refuse_without_effect,
    with_shared_options,
)
from rowspace.cli.output import plain, show
from rowspace.cli.paths import claim
from rowspace.cli.splitting import SplittingOptions
from rowspace.system.siblings import temporary_folder


@with_shared_options
def text(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Files, packed or not, or folders of them; - for standard input."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model; a model there is replaced.")],
    reading: SplittingOptions,
    start: Annotated[Path | None, typer.Option("--from", help="Model to go on with; new words join its own.")] = None,
    cost: Annotated[str, typer.Option(help="skip_gram, cbow or glove.")] = "skip_gram",
    dim: Annotated[
        int | None, typer.Option(help="Numbers in a vector. [default: 100, or those of the --from model]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Times over the text. [default: 5; 25 for glove]")] = None,
    window: Annotated[int, typer.Option(help="How many words away a neighbour may be.")] = 5,
    negative: Annotated[int, typer.Option(help="Random words that each pair is told from; not for glove.")] = 5,
    ns_exponent: Annotated[float, typer.Option(help="Power of the counts these are drawn by; not for glove.")] = 0.75,
    sample: Annotated[
        float,
        typer.Option(help="Words of a larger share of the text are left out at times; 0 for never; not for glove."),
    ] = 1e-3,
    rate: Annotated[
        float | None,
        typer.Option(help="First learning rate; it falls to 0. [default: 0.025; cbow and glove 0.05]"),
    ] = None,
    min_n: Annotated[int, typer.Option(help="With --max-n: shortest subword.")] = 3,
    max_n: Annotated[int, typer.Option(help="Longest subword, such as 6; 0 for whole words only.")] = 0,
    buckets: Annotated[int, typer.Option(help="With --max-n: rows for subwords.")] = 2_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model, byte for byte.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Any number gives the same model. [default: all cores]")] = None,
    *,
    holding: HoldOutOptions,
    training: TrainingOptions,
) -> None:
    """Learn a vector for every word of a text: one sentence or document a line.

    Example: rowspace train text corpus.txt -o words --tokens words --lower
    """
    check_epochs(epochs, "text")
    holding.check("sentences")
    claim(out, context)
    import rowspace as rs
    from rowspace.model.model import save_taking
    from rowspace.recipes.text import check_numbers, checked_subwords, unused_options

    refuse_without_effect(context, unused_options(cost, max_n, sample, *training.folders()))
    subwords = checked_subwords(cost, min_n, max_n, buckets)
    check_numbers(dim, window, negative, sample)
    checkpoints = training.checkpoints(out)
    before = None if start is None else _opened(start, cost, subwords, dim)
    begun = time.perf_counter()
    source, names = sources[0] if len(sources) == 1 else sources, None if before is None else before.index_to_key
    shared: dict[str, Any] = {"threads": threads, "progress": training.progress}
    options = {"cost": cost, "window": window, "negative": negative, "ns_exponent": ns_exponent, **shared}
    options |= {"sample": sample, "rate": rate, "min_n": min_n, "max_n": max_n, "buckets": buckets}
    options |= {"seed": seed, "start": before, "hold_out": holding.hold_out, **checkpoints}
    folder = temporary_folder(Path(os.path.realpath(out)), "ids")
    with folder as ids, training.tables(out) as tables, reading.read(source, ids=ids, names=names, **shared) as read:
        seconds = time.perf_counter() - begun
        training.show_line(_read(read, before, seconds))
        reading.advise(read.names)
        with how_to_go_on(checkpoints):
            stopping = holding.stopping(keeps=not checkpoints and not tables)
            callbacks = [resumed := Resumed(), *([] if training.json else [_Costs()]), *stopping]
            model = rs.train_text(read, dim, epochs, callbacks=callbacks, **options, **tables)
        held_out = note_kept(model, stopping)
        save_taking(model, out, tables.get("table_on_disk"))
        summary = _summary(model, read, out, held_out, seconds, time.perf_counter() - begun)
        summary["words_per_second"] = round(resumed.share * summary["words_per_second"])
    training.show(summary, _sentence)


def _opened(path: Path, *options: Any) -> Any:
    """A model to go on with, which was trained with these options."""
    import rowspace as rs
    from rowspace.recipes.text import check_start

    model = rs.open(path)
    check_start(model, *options)
    return model


class _Costs:
    """Prints the cost of every epoch as it ends."""

    def on_epoch_end(self, trainer: Any) -> None:
        show(str(trainer.history[-1]))


def _read(text: Any, before: Any, seconds: float) -> str:
    vocabulary = f"{len(text.names):,} of {text.unique:,} different ones kept"
    if before is not None:
        new = len(text.names) - len(before)
        vocabulary = f"{text.unique:,} different ones, {new:,} new beside the {len(before):,} of the model"
    return f"{plain(text.name)}: {text.tokens:,} words, {vocabulary}, read in {seconds:.1f} s"


def _summary(model: Any, text: Any, out: Path, cost: float | None, reading: float, seconds: float) -> dict[str, Any]:
    about, epochs = model.trained_with, model.trained_with["epochs"]
    costs = model.cost[-epochs:]
    names = ("cost", "window", "negative", "sample", "rate", "epochs", "examples", "seed")
    trained = {name: about[name] for name in names if name in about}
    sizes = {"model": str(out), "words": len(model), "dim": model.vector_size, "tokens": text.tokens}
    rate = text.tokens * epochs / max(seconds - reading, 1e-9)
    times = {"reading_seconds": round(reading, 3), "seconds": round(seconds, 3), "words_per_second": round(rate)}
    held_out: dict[str, Any] = {}
    if cost is not None:
        held_out = {"held_out": about["held_out"], "held_out_cost": cost, "held_out_costs": model.held_out[-epochs:]}
    return {**sizes, **trained, "costs": costs, **held_out, **times}


def _sentence(summary: dict[str, Any]) -> str:
    cost = ""
    if "held_out" in summary:
        cost = f"mean cost {summary['held_out_cost']:.4g} of {summary['held_out']:,} sentences held out; "
    speed = f"{summary['words_per_second']:,} words/s in training, " if summary["words_per_second"] else ""
    times = f"{speed}{summary['seconds']:.1f} s in all"
    return f"{summary['model']}: {summary['words']:,} words, {summary['dim']} numbers each; {cost}{times}"
