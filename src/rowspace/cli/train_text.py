"""`rowspace train text`: word vectors from a text."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from rowspace.cli.checkpointing import EVERY, Checkpoint, Every, Resume, Resumed, checkpointing, how_to_go_on
from rowspace.cli.on_disk import Memory, TableOnDisk, tables_in
from rowspace.cli.options import refuse_without_effect
from rowspace.cli.output import plain, show, show_json
from rowspace.cli.paths import reserve
from rowspace.errors import DataError
from rowspace.system.siblings import temporary_folder


def text(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Files, packed or not, or folders of them; - for standard input."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model; a model there is replaced.")],
    start: Annotated[Path | None, typer.Option("--from", help="Model to go on with; new words join its own.")] = None,
    cost: Annotated[str, typer.Option(help="skip_gram, cbow or glove.")] = "skip_gram",
    dim: Annotated[
        int | None, typer.Option(help="Numbers in a vector. [default: 100, or those of the --from model]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Times over the text. [default: 5; 25 for glove]")] = None,
    window: Annotated[int, typer.Option(help="How many words away a neighbour may be.")] = 5,
    negative: Annotated[int, typer.Option(help="Words drawn against each example; not for glove.")] = 5,
    ns_exponent: Annotated[float, typer.Option(help="Exponent of the counts they are drawn by; not for glove.")] = 0.75,
    sample: Annotated[
        float,
        typer.Option(help="Share of the text above which a word is left out at times, 0 for never; not for glove."),
    ] = 1e-3,
    rate: Annotated[
        float | None,
        typer.Option(help="First learning rate; it falls to 0. [default: 0.025; cbow 0.2, glove 0.05]"),
    ] = None,
    min_count: Annotated[int, typer.Option(help="Words that occur less often are left out.")] = 5,
    max_vocab: Annotated[int | None, typer.Option(help="Keep so many words, the most frequent. [default: all]")] = None,
    min_n: Annotated[int, typer.Option(help="With --max-n: shortest subword.")] = 3,
    max_n: Annotated[int, typer.Option(help="Longest subword, such as 6; 0 for whole words only.")] = 0,
    buckets: Annotated[int, typer.Option(help="With --max-n: rows for subwords.")] = 2_000_000,
    column: Annotated[
        str | None, typer.Option(help="Column of text, where the source is CSV, TSV, JSON lines or Parquet.")
    ] = None,
    tokens: Annotated[
        str, typer.Option(help="whitespace: split at spaces. words: for raw text, runs of letters and digits.")
    ] = "whitespace",
    lower: Annotated[bool, typer.Option("--lower", help="Put words into lower case.")] = False,
    errors: Annotated[
        str, typer.Option(help="strict, or replace: what to do with bytes that are not UTF-8.")
    ] = "strict",
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same skip_gram (whole words) or glove model, byte for byte.")
    ] = 0,
    threads: Annotated[int | None, typer.Option(help="How many. [default: all cores]")] = None,
    table_on_disk: TableOnDisk = False,
    memory: Memory = None,
    checkpoint: Checkpoint = None,
    every: Every = EVERY,
    resume: Resume = None,
    progress: Annotated[bool | None, typer.Option(help="Show a bar. [default: on a terminal]")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Learn a vector for every word of a text: one sentence or document a line.

    Example: rowspace train text corpus.txt -o words --lower
    """
    if epochs is not None and epochs < 1:
        raise DataError(f"--epochs is {epochs}; go over the text at least once")
    reserve(out, context)
    import rowspace as rs
    from rowspace.model.model import save_taking
    from rowspace.recipes.text import check_numbers, check_start, checked_subwords, idle_options

    on_disk = table_on_disk or None
    refuse_without_effect(context, idle_options(cost, max_n, sample, resume or checkpoint, on_disk))
    subwords = checked_subwords(cost, min_n, max_n, buckets)
    check_numbers(dim, window, negative, sample)

    kept = checkpointing(checkpoint, every, resume, out)
    before = None if start is None else rs.open(start)
    if before is not None:
        check_start(before, cost, subwords, dim)
    begun = time.perf_counter()
    source = sources[0] if len(sources) == 1 else sources
    reading: dict[str, Any] = {"column": column, "tokens": tokens, "lower": lower, "errors": errors}
    reading |= {"min_count": min_count, "max_vocab": max_vocab, "threads": threads, "progress": progress}
    options: dict[str, Any] = {"cost": cost, "window": window, "negative": negative, "ns_exponent": ns_exponent}
    options |= {"sample": sample, "rate": rate, "min_n": min_n, "max_n": max_n, "buckets": buckets}
    options |= {"seed": seed, "threads": threads, "progress": progress, "start": before}
    with temporary_folder(Path(os.path.realpath(out)), "ids") as ids, tables_in(out, table_on_disk, memory) as disk:
        names = None if before is None else before.index_to_key
        with rs.read_text(source, ids=ids, names=names, **reading) as read:
            seconds = time.perf_counter() - begun
            if not json:
                show(_read(read, seconds))
            with how_to_go_on(kept):
                callbacks = [Resumed()] if json else [Resumed(), _Costs()]
                model = rs.train_text(read, dim, epochs, callbacks=callbacks, **options, **disk, **kept)
            save_taking(model, out, disk.get("table_on_disk"))
            summary = _summary(model, read, out, seconds, time.perf_counter() - begun)
    show_json(summary) if json else show(_sentence(summary))


class _Costs:
    """Prints the cost of every epoch as it ends."""

    def on_epoch_end(self, trainer: Any) -> None:
        show(str(trainer.history[-1]))


def _read(text: Any, seconds: float) -> str:
    kept = f"{len(text.names):,} of {text.unique:,} different ones kept"
    return f"{plain(text.name)}: {text.tokens:,} words, {kept}, read in {seconds:.1f} s"


def _summary(model: Any, text: Any, out: Path, reading: float, seconds: float) -> dict[str, Any]:
    about, epochs = model.trained_with, model.trained_with["epochs"]
    costs = model.cost[-epochs:]
    told = ("cost", "window", "negative", "sample", "rate", "epochs", "examples", "seed")
    kept = {key: about[key] for key in told if key in about}
    sizes = {"model": str(out), "words": len(model), "dim": model.vector_size, "tokens": text.tokens}
    rate = text.tokens * epochs / max(seconds - reading, 1e-9)
    times = {"reading_seconds": round(reading, 3), "seconds": round(seconds, 3), "words_per_second": round(rate)}
    return {**sizes, **kept, "costs": costs, **times}


def _sentence(summary: dict[str, Any]) -> str:
    speed = f"{summary['words_per_second']:,} words/s in training, {summary['seconds']:.1f} s in all"
    return f"{summary['model']}: {summary['words']:,} words, {summary['dim']} numbers each; {speed}"
