"""Whatever text can come from, as pieces to be numbered: files, folders, standard input, frames, lists of words."""

import json
import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rowspace.columns.frames import as_arrow, decoded, is_frame, is_series
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line, quoted
from rowspace.errors.unused import refuse_unused
from rowspace.read.binary import HEAD_BYTES, TABLES
from rowspace.read.characters import RULES, kinds
from rowspace.read.dialect import table_columns
from rowspace.read.encoded import Encoded, encode_lines, encode_lists, encode_piece
from rowspace.read.groups import sentences_of_groups
from rowspace.read.pieces import BETWEEN_LINES, BETWEEN_WORDS, Piece, cells, pieces_of
from rowspace.read.stream import Stream, check_text, files, opened
from rowspace.read.table_files import column_of
from rowspace.read.tabular import OPEN_QUOTE, check_column, frame, listed

LISTS_AT_ONCE = 1 << 10  # of words, numbered together
SEEN_BYTES = 1 << 15  # of a file, to see whether it is a table
_MARK = re.compile(r"[^\w\s]+|\t")  # what may stand between words
_TABLE = re.compile(r"(?i)\.[ct]sv(\.\w+)?$")
OF_WORDS = "for text that is to be split; lists of words are taken as they are: leave it out"
Source = str | os.PathLike[str]
Split = str | Callable[[str], Iterable[str]]
Pieces = Generator[tuple[Callable[[], Encoded], int], None, None]


@dataclass(frozen=True)
class Sentences:
    """A source of text.

    Attributes:
        name: how errors call it.
        pieces: calls that number the words of one piece after another, each with how many bytes of files it took.
        size: how many bytes the files have together, None if that is not known.
        parallel: whether threads may make the calls.
    """

    name: str
    pieces: Pieces
    size: int | None
    parallel: bool


def sentences_of(source: Any, column: str | None, group: str | None, tokens: Split, errors: str) -> Sentences:
    """The sentences of any source that `read_text` takes."""
    if group is not None:
        _refuse_of_words(tokens, errors)
    tokens = _splitter(tokens)
    paths = _paths(source)
    if group is not None:
        if paths is not None and len(paths) != 1:
            raise DataError(f"group (--group) is for one file, and these are {len(paths)}; give them one by one")
        name, sentences = sentences_of_groups(source if paths is None else paths[0], column, group)
        return Sentences(name, _lists(sentences), None, False)
    if paths is not None:
        name = _named(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
        pieces = _encoding(_pieces(paths, column, not callable(tokens)), tokens, errors)
        return Sentences(name, pieces, _size(paths), not callable(tokens))
    name = f"the {type(source).__name__}"
    if column is not None or is_frame(source):
        found = _frame_column(source, column)
        return _of_cells(name, f"{name}, column {quoted(column)}", found, tokens, errors)
    if is_series(source):
        return _of_cells(name, name, as_arrow(name, source), tokens, errors)
    _refuse_of_words(tokens, errors)
    return Sentences(name, _lists(source), None, False)


def _splitter(tokens: Any) -> Split:
    """The name of a rule, or a function that splits a line: also where a mark stands between words."""
    if callable(tokens) or (isinstance(tokens, str) and tokens in RULES):
        return tokens
    if not isinstance(tokens, str) or not _MARK.fullmatch(tokens):
        rules = f"one of {listed(list(RULES))}, a mark between words such as ',', or a function"
        raise DataError(f"tokens must be {rules}, not {quoted(tokens)}")
    return partial(_between, tokens)


def _between(mark: str, line: str) -> list[str]:
    return [word for part in line.split(mark) if (word := part.strip())]


def _refuse_of_words(tokens: Split, errors: str) -> None:
    given = {"tokens": tokens != "whitespace", "errors": errors != "strict"}
    refuse_unused(dict.fromkeys(given, OF_WORDS), [name for name, was_given in given.items() if was_given])


# --- files


def _paths(source: Any) -> list[Source] | None:
    """The files of a path or a list of paths; None for anything else."""
    if isinstance(source, str | os.PathLike):
        return files(source)
    if isinstance(source, list | tuple) and source and all(isinstance(one, str | os.PathLike) for one in source):
        return [path for one in source for path in files(one)]
    return None


def _named(path: Source) -> str:
    return "standard input" if path == "-" else str(Path(path))


def _size(paths: list[Source]) -> int | None:
    return sum(map(os.path.getsize, paths)) if all(map(os.path.isfile, paths)) else None


def _pieces(paths: list[Source], column: str | None, within_lines: bool) -> Iterator[Piece]:
    for path in paths:
        with opened(path) as stream:
            if column is None:
                _check_is_text(stream)
                if within_lines:
                    _check_no_table(stream)
                yield from pieces_of(stream, BETWEEN_WORDS if within_lines else BETWEEN_LINES)
            else:
                yield from _file_cells(stream, column)


def _file_cells(stream: Stream, column: str) -> Iterator[Piece]:
    import pyarrow as pa

    batches = column_of(stream, column)
    try:
        yield from cells(stream.name, f"{stream.name}, column {quoted(column)}", ((b, stream.taken()) for b in batches))
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeError) as error:
        quote = f"; {OPEN_QUOTE}" if "CSV" in str(error) else ""
        raise DataError(f"{stream.name} cannot be read: {one_line(error)}{quote}") from error


def _check_is_text(stream: Stream) -> None:
    head = stream.peek(HEAD_BYTES)
    for magic, kind in TABLES:
        if head.startswith(magic):
            raise DataError(f"{stream.name} is {kind}; say which column is the text: column=")
    check_text(stream.name, head)


def _check_no_table(stream: Stream) -> None:
    """Refuse JSON lines, and what is called CSV and has columns: their marks and names would be words."""
    head = stream.peek(SEEN_BYTES).decode(errors="replace")
    line = head.removeprefix("\ufeff").partition("\n")[0]
    found = None
    with suppress(ValueError, RecursionError):
        found = json.loads(line) if line.startswith("{") else None
    if isinstance(found, dict):
        how = f"say which one is the text: column= (--column); it has: {listed(list(found))}"
        raise DataError(f"{stream.name} has JSON lines; {how}")
    columns = table_columns(head) if _TABLE.search(stream.name) else None
    if columns:
        how = "column= (--column), or give tokens=',' (--tokens ,) if each line is a basket"
        raise DataError(f"{stream.name} has columns, {listed(columns)}: say which one is the text: {how}")
    if _TABLE.search(stream.name) and head.count(",") > max(2 * head.count(", "), head.count("\n")):
        raise DataError(f"{stream.name} has commas between its words, as baskets have: give tokens=',' (--tokens ,)")


def _encoding(source: Iterator[Piece], tokens: Split, errors: str) -> Pieces:
    for piece in source:
        if callable(tokens):
            yield partial(encode_lines, piece, tokens, errors), piece.taken
        else:
            yield partial(encode_piece, piece, kinds(tokens), errors), piece.taken


# --- frames and lists


def _frame_column(source: Any, column: str | None) -> Any:
    table = frame(source)
    if column is None:
        raise DataError(f"{table.name} needs column=, the column of text; it has: {listed(table.columns)}")
    check_column(table.name, table.columns, column)
    return table.load([column], [])[column]


def _of_cells(name: str, what: str, column: Any, tokens: Split, errors: str) -> Sentences:
    """A column of text, or of lists of words that someone has split."""
    import pyarrow as pa

    if pa.types.is_nested(column.type) and hasattr(column.type, "value_type"):
        _refuse_of_words(tokens, errors)
        sentences = (cell or [] for piece in decoded(column).chunks for cell in piece.to_pylist())
        return Sentences(name, _lists(sentences), None, False)
    pieces = _encoding(cells(name, what, ((part, 0) for part in decoded(column).chunks)), tokens, errors)
    return Sentences(name, pieces, None, not callable(tokens))


def _lists(source: Any) -> Pieces:
    try:
        sentences = iter(source() if callable(source) else source)
    except TypeError:
        raise DataError(
            f"a text is a path, a data frame with column=, or lists of words, not {type(source).__name__}"
        ) from None
    done = 0
    while piece := list(islice(sentences, LISTS_AT_ONCE)):
        yield partial(encode_lists, piece, done), 0
        done += len(piece)
