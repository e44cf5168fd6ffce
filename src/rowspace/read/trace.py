"""A trace read back: which items were where after how many steps."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import first_failing, path_of
from rowspace.errors.quoting import one_line, quoted
from rowspace.system.parquet import ask_for_columns

SUFFIXES = (".tsv", ".parquet")


@dataclass(frozen=True)
class TraceData:
    """A trace read back.

    Attributes:
        steps: (s,) int64, steps done at each record.
        items: m names or ids, in the order of the file.
        positions: (s, m, d) float32, the row of each item at each record.
    """

    steps: np.ndarray
    items: list[Any]
    positions: np.ndarray

    def __repr__(self) -> str:
        return f"<TraceData: {len(self.items):,} items x {self.positions.shape[-1]}, {len(self.steps):,} records>"


def read_trace(path: str | os.PathLike[str]) -> TraceData:
    """Read what a `Trace` wrote.

    A TSV does not say whether `3` is a name or an id: when every item is a whole number they are
    taken for ids. Parquet keeps the difference.

    Args:
        path: a `.tsv` or `.parquet` file.

    Returns:
        TraceData: steps (s,) int64, items, positions (s, m, d) float32.

    Raises:
        DataError: if the file is not a trace, naming the line (row, for Parquet).

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "trace.tsv"
    ...     _ = path.write_text("i\\tn\\td0\\n0\\ta\\t1.0\\n100\\ta\\t0.5\\n")
    ...     data = read_trace(path)
    >>> data.steps, data.items, data.positions.shape
    (array([  0, 100]), ['a'], (2, 1, 1))
    """
    path = trace_path(path)
    if not path.is_file():
        raise DataError(f"{path}: {'not a file' if path.exists() else 'no such file'}")
    return _read_parquet(path) if path.suffix == ".parquet" else _read_text(path)


def trace_path(path: str | os.PathLike[str]) -> Path:
    """The path, if its suffix is that of a trace."""
    path = path_of("a trace", path)
    if path.suffix not in SUFFIXES:
        raise DataError(f"a trace is a .tsv or .parquet file, and {str(path)!r} is neither")
    return path


def header_row(dim: int) -> list[str]:
    """The names of the columns of a trace of this many dimensions."""
    return ["i", "n", *(f"d{k}" for k in range(dim))]


def _read_text(path: Path) -> TraceData:
    try:
        lines = path.read_bytes().decode().split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text at byte {error.start}") from error
    if lines[-1] == "":
        lines.pop()
    header = lines[0].split("\t") if lines else []
    _check_header(path, header)
    fields = [line.split("\t") for line in lines[1:]]
    for line, row in enumerate(fields, start=2):
        if len(row) != len(header):
            raise DataError(f"{path}, line {line}: {len(row)} fields, expected {len(header)}")
    steps = _numbers(path, [row[0] for row in fields], "int64", lambda k: k + 2)
    dim = len(header) - 2
    texts = [text for row in fields for text in row[2:]]
    values = _numbers(path, texts, "float32", lambda k: k // dim + 2).reshape(-1, dim)
    return _assemble(path, steps, _ids_or_names([row[1] for row in fields]), values, ("line", 2))


def _read_parquet(path: Path) -> TraceData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            ask_for_columns(str(path), file)
            table = file.read()
        _check_header(path, table.column_names)
        steps = table["i"].cast(pa.int64()).to_numpy()
        columns = [column.cast(pa.float32()).to_numpy() for column in table.columns[2:]]
        items = table["n"].to_pylist()
    except (pa.ArrowException, TypeError, OSError, UnicodeError) as error:
        raise DataError(f"{path}: not a trace that can be read: {one_line(error)}") from error
    if table["i"].null_count or table["n"].null_count:
        raise DataError(f"{path}: i or n has empty entries")
    if not set(map(type, items)) <= {str, int}:
        raise DataError(f"{path}: column n holds {one_line(table['n'].type)}; expected names or ids")
    return _assemble(path, steps, items, np.stack(columns, axis=1), ("row", 1))


def _check_header(path: Path, header: list[str]) -> None:
    if len(header) < 3 or header != header_row(len(header) - 2):
        raise DataError(f"{path}, line 1: expected the header 'i n d0 d1 ...', found {quoted(' '.join(header))}")


def _numbers(path: Path, texts: list[str], dtype: str, line_of: Callable[[int], int]) -> np.ndarray:
    # Arrow reads a float32 directly; by way of Python's float it could be rounded twice
    import pyarrow as pa

    column = pa.array(texts, pa.string())
    try:
        return column.cast(dtype).to_numpy()
    except pa.ArrowInvalid:
        k = first_failing(len(texts), lambda low, high: column[low:high].cast(dtype))
        raise DataError(f"{path}, line {line_of(k)}: {quoted(texts[k])} is not a number ({dtype})") from None


def _ids_or_names(texts: list[str]) -> list[Any]:
    whole = re.compile(r"0|[1-9][0-9]{0,17}").fullmatch
    return [int(text) for text in texts] if all(map(whole, texts)) else list(texts)


def _assemble(
    path: Path,
    steps: np.ndarray,
    items: list[Any],
    values: np.ndarray,
    numbering: tuple[str, int],
) -> TraceData:
    """Fold lines into steps x items, checking that each step has the same items in one order."""
    word, first = numbering
    m = int(np.argmax(steps != steps[0])) or len(steps) if len(steps) else 0
    for k in range(len(steps)):
        if items[k] != items[k % m] or steps[k] != steps[k - k % m]:
            raise DataError(
                f"{path}, {word} {k + first}: expected item {quoted(items[k % m])} of step "
                f"{steps[k - k % m]}, found item {quoted(items[k])} of step {steps[k]}"
            )
    if m and len(steps) % m:
        raise DataError(f"{path}: the last step has {len(steps) % m} of {m} rows: cut short")
    if len(set(items[:m])) < m:
        raise DataError(f"{path}: an item occurs twice in step {steps[0]}")
    shape = (len(steps) // m if m else 0, m, values.shape[1])
    return TraceData(steps[:: m or 1].copy(), items[:m], values.reshape(shape))
