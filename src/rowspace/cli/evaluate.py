"""`rowspace evaluate`: how good a model's vectors are."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

import rowspace as rs
from rowspace.cli.options import with_shared_options
from rowspace.cli.output import columns, note, plain, show, show_json
from rowspace.cli.vectors import MODEL, SpellingOptions
from rowspace.errors import DataError
from rowspace.errors.quoting import quoted


@with_shared_options
def evaluate(
    model: Annotated[Path, typer.Argument(help=MODEL, readable=False)],
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="More files for --similarity.", show_default=False)
    ] = None,
    similarity: Annotated[
        list[Path] | None,
        typer.Option(help="Pairs that people judged: two words and a score a line; may be given again."),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What stands between words and score. [default: what splits all lines alike]")
    ] = None,
    analogies: Annotated[Path | None, typer.Option(help="Questions, such as questions-words.txt.")] = None,
    restrict_vocab: Annotated[int, typer.Option("--restrict-vocab", help="Use the first so many items.")] = 300_000,
    case_sensitive: Annotated[bool, typer.Option("--case-sensitive", help="Take cat and Cat for two words.")] = False,
    count_unknown: Annotated[
        bool,
        typer.Option("--count-unknown", help="Unknown pairs have similarity 0, unknown questions are wrong answers."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    spelling: SpellingOptions,
) -> None:
    """Judge vectors of words by similarity and analogies.

    Example: rowspace evaluate words --similarity ws353.tsv --analogies questions.txt
    """
    if more and not similarity:
        raise DataError(f"{more[0]} is one more file for --similarity; give --similarity FILE before it")
    if not similarity and analogies is None:
        raise DataError("nothing to evaluate with; give --similarity FILE or --analogies FILE")
    if delimiter is not None and not similarity:
        raise DataError("--delimiter is for --similarity; leave it out")
    opened = spelling.open(model)
    options: dict[str, Any] = {"restrict_vocab": restrict_vocab, "count_unknown": count_unknown}
    options["case_insensitive"] = not case_sensitive
    files = (*(similarity or ()), *(more or ()))
    judged = [rs.evaluate_similarity(opened, file, delimiter=delimiter, **options) for file in files]
    answered = None if analogies is None else rs.evaluate_analogies(opened, analogies, **options)
    for result in judged:
        if result.header is not None:
            scores = "" if result.column is None else f", and {quoted(result.column)} for the scores"
            note(f"{result.file}: {quoted(result.header)} is taken for a header{scores}")
    if json:
        show_json(_described(judged, answered))
        return
    tables = [_similarities(judged)] if judged else []
    show("\n\n".join([*tables, *([_sections(answered)] if answered else [])]))


def _described(judged: list[Any], answered: Any) -> dict[str, Any]:
    pairs = [
        {
            "file": result.file,
            "pairs": result.pairs,
            "unknown": result.unknown,
            "spearman": _number(result.spearman.value),
            "spearman_p": _number(result.spearman.p),
            "pearson": _number(result.pearson.value),
            "pearson_p": _number(result.pearson.p),
        }
        for result in judged
    ]
    if answered is None:
        return {"similarity": pairs, "analogies": None}
    sections, total = [_section(section) for section in answered.sections], _section(answered.total)
    return {"similarity": pairs, "analogies": {"file": answered.file, "sections": sections, "total": total}}


def _section(section: Any) -> dict[str, Any]:
    counts = {name: getattr(section, name) for name in ("questions", "unknown", "asked", "correct")}
    return {"section": section.name, **counts, "accuracy": _number(section.accuracy)}


def _similarities(judged: list[Any]) -> str:
    head = ("similarity", " pairs", "unknown", "Spearman", "      p", "Pearson", "      p")
    return columns([head, *(_similarity(result) for result in judged)])


def _similarity(result: Any) -> tuple[str, ...]:
    spearman, pearson = result.spearman, result.pearson
    counts = (f"{result.pairs:6,}", f"{result.unknown / result.pairs:7.1%}")
    return (
        plain(Path(result.file).name),
        *counts,
        f"{spearman.value:8.4f}",
        f"{spearman.p:7.1g}",
        f"{pearson.value:7.4f}",
        f"{pearson.p:7.1g}",
    )


def _sections(answered: Any) -> str:
    head = ("analogies", "questions", "unknown", "correct", "accuracy")
    rows = [
        (
            plain(section.name),
            f"{section.questions:9,}",
            f"{section.unknown / max(section.questions, 1):7.1%}",
            f"{section.correct:7,}",
            f"{section.accuracy:8.1%}" if section.asked else "       -",
        )
        for section in (*answered.sections, answered.total)
    ]
    return columns([head, *rows])


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
