"""`rowspace train pairs`: a model from a file of pairs."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from rowspace.cli import train_text
from rowspace.cli.group import Commands
from rowspace.cli.hold_out import HoldOutOptions, note_kept
from rowspace.cli.options import (
    Resumed,
    TrainingOptions,
    check_epochs,
    how_to_go_on,
    refuse_without_effect,
    with_shared_options,
)
from rowspace.cli.output import note, plain
from rowspace.cli.paths import check_picture_path, claim
from rowspace.cli.reading import ReadingOptions
from rowspace.errors.unused import unused_options
from rowspace.plot import OF_TABLES

RECORDS = 200  # of a trace
TRACED = 100  # items in it, the most frequent

app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _train() -> None:
    """Train a model from a file.

    Example: rowspace train pairs flights.csv -o airports --weight count
    """


@app.command("pairs")
@with_shared_options
def pairs(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="CSV, TSV, edges, JSON lines or Parquet; - for standard input.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model; a model there is replaced.")],
    reading: ReadingOptions,
    cost: Annotated[
        str | None,
        typer.Option(
            help="With --label logistic_dot, l1_dot, squared_dot or cosine. [default: logistic_dot; without --label "
            "pair_negatives]"
        ),
    ] = None,
    dim: Annotated[int, typer.Option(help="Numbers in a vector.")] = 32,
    epochs: Annotated[
        int | None,
        typer.Option(help="Times over the file. [default: enough for a million pairs, from 5 to 100]"),
    ] = None,
    update: Annotated[str, typer.Option(help="adagrad, rowwise_adagrad, sgd, momentum or lazy_adam.")] = "adagrad",
    rate: Annotated[
        float | None, typer.Option(help="First learning rate; it falls to 0. [default: depends on the update]")
    ] = None,
    decay: Annotated[
        float | None, typer.Option(help="Weight decay. [default: 0.03, or 0 for l1_dot, squared_dot and cosine]")
    ] = None,
    negatives: Annotated[
        int | None, typer.Option(help="Without --label: how many random items each pair is told from. [default: 5]")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model, byte for byte.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Any number gives the same model. [default: all cores]")] = None,
    trace: Annotated[
        Path | None, typer.Option(help="File to record how items move, .tsv or .parquet, for rowspace plot.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the model: .png, .svg, .pdf or .html.")] = None,
    *,
    holding: HoldOutOptions,
    training: TrainingOptions,
) -> None:
    """Learn a vector for every item from pairs of items.

    Example: rowspace train pairs flights.csv -o airports --weight count
    """
    check_epochs(epochs, "file")
    holding.check("pairs")
    claim(out, context)
    check_picture_path(plot, OF_TABLES)
    import rowspace as rs
    from rowspace.model.model import save_taking
    from rowspace.recipes.pairs import train_pairs

    refuse_without_effect(context, unused_options(*training.folders()))
    start = time.perf_counter()
    checkpoints = training.checkpoints(out, trace)
    options: dict[str, Any] = {"cost": cost, "update": update, "rate": rate, "decay": decay, "negatives": negatives}
    options |= {"seed": seed, "threads": threads, "hold_out": holding.hold_out}
    options |= {"progress": training.progress, **checkpoints}
    with training.tables(out) as tables:
        stopping = holding.stopping(keeps=not checkpoints and not tables)
        read = reading.read(file)
        options |= {"trace": _trace(trace, read, epochs), **tables}
        with how_to_go_on(checkpoints):
            model = train_pairs(read, dim, epochs, callbacks=[Resumed(), *stopping], **options)
        held_out = note_kept(model, stopping)
        save_taking(model, out, tables.get("table_on_disk"))
        if plot is not None:
            rs.plot_table(model.table, plot)
        summary = _summary(model, out, held_out, time.perf_counter() - start)
    training.show(summary, _sentence)
    for line in reading.told(read):
        note(line)
    if summary["final_cost"] is not None and summary["final_cost"] > 1.01 * summary["first_cost"]:
        note(f"the cost rose: a lower --rate than {model.trained_with['rate']:g} may do better")


def _trace(path: Path | None, read: Any, epochs: int | None) -> Any:
    if path is None:
        return None
    import rowspace as rs
    from rowspace.recipes.pairs import enough_epochs

    examples = len(read) * (enough_epochs(len(read)) if epochs is None else epochs)
    return rs.Trace(path, every=max(1, examples // RECORDS), rows=read.names[:TRACED])


def _summary(model: Any, out: Path, held_out_cost: float | None, seconds: float) -> dict[str, Any]:
    about = model.trained_with
    trained = {key: about[key] for key in ("cost", "pairs", "columns", "epochs", "examples", "seed")}
    first, final = (model.cost[0], model.cost[-1]) if model.cost else (None, None)
    sizes = {"model": str(out), "items": len(model), "dim": model.vector_size}
    held_out = {} if held_out_cost is None else {"held_out": about["held_out"], "held_out_cost": held_out_cost}
    return {**sizes, **trained, "first_cost": first, "final_cost": final, **held_out, "seconds": round(seconds, 3)}


def _sentence(summary: dict[str, Any]) -> str:
    used = ", ".join(f"{role} {plain(column)}" for role, column in summary["columns"].items())
    first, last = summary["first_cost"], summary["final_cost"]
    cost = "" if last is None else f", mean cost {first:.4g} in the first, {last:.4g} in the last"
    cost += f" ({summary['cost']}, of the pairs trained on)" if cost else ""
    if "held_out" in summary:
        cost += f", {summary['held_out_cost']:.4g} of {summary['held_out']:,} pairs held out"
    return (
        f"{summary['pairs']:,} pairs ({used}), {summary['epochs']} epochs{cost}, {summary['seconds']:.1f} s\n"
        f"{summary['model']}: {summary['items']:,} items, {summary['dim']} numbers each"
    )


app.command("text")(train_text.text)
