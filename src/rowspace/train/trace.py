"""A trace: chosen rows of a table, written down every so many steps of training (`read/trace.py` reads it).

The file is the blog post's table: a header `i n d0 d1 ...`, then one line per recorded row per
recorded step, `i` being the number of steps done and `n` the item.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import whole
from rowspace.read.trace import TraceData, header_row, read_trace, trace_path
from rowspace.state import TrainState
from rowspace.system.atomic import sync_folder
from rowspace.system.disk_full import explain_disk_full
from rowspace.tables.table import Table, by_name

__all__ = ["Trace", "TraceData", "read_trace"]

BLOCK = 1 << 20  # values formatted or buffered at once: memory stays bounded for any table


class Trace:
    """Records how rows move while a trainer runs: `trainer.fit(..., trace=Trace("trace.tsv"))`.

    It only looks: what is learned is the same to the last byte without it. The trainer calls
    `start` once, `record` whenever `every` more steps are done (and at the start and the end), and
    `close` when it ends, also when it ends by an error: what was recorded until then is kept.
    Lines go to `PATH.part`, which is renamed when finished, so a file under the final name is
    always whole. What a killed run had written stays in the `.part` (readable for TSV; a Parquet
    file without its end is not).

    Args:
        path: the file to write, `.tsv` or `.parquet`; a file already there is replaced.
        every: steps between two records, at least 1.
        rows: names or ids of the items to record, default all of them.
        table: name of the table to record, when the trainer has several (default its first).

    Raises:
        DataError: if `every` is below 1 or the suffix is another one; from `start`, if there is
            no such table or folder, or if a name holds a tab or line end (TSV cannot; Parquet can).
        UnknownItem, IdOutOfRange: from `start`, for items that the table has not.
        DiskFull: an OSError too, where the file does not fit on the disk.

    >>> import numpy as np, rowspace as rs
    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> E = rs.Table.from_array(np.eye(2, dtype=np.float32), names=["a", "b"])
    >>> with TemporaryDirectory() as folder:
    ...     trace = rs.Trace(Path(folder) / "trace.tsv", every=100)
    ...     trace.start({"E": E})
    ...     trace.record(0)
    ...     trace.close()
    ...     print(trace.path.read_text().expandtabs(4))
    i   n   d0  d1
    0   a   1.0 0.0
    0   b   0.0 1.0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 100,
        rows: Sequence[str] | Sequence[int] | np.ndarray | None = None,
        *,
        table: str | None = None,
    ) -> None:
        self.path = trace_path(path)
        self.every = whole("every", every, 1, wanted="the steps between records must be 1 or more")
        self.rows = rows
        self.table = table
        self._writer: _Writer | None = None

    def start(self, tables: Mapping[str, "Table"]) -> None:
        """Choose table and rows and open the file, finishing one that is still open."""
        self.close()
        tables = by_name(tables)
        self._name = self._chosen(tables)
        self._source = tables[self._name]
        self._ids = self._chosen_rows()
        names = self._source.names
        items = self._ids.tolist() if names is None else [names[k] for k in self._ids]
        self._last = -1
        with explain_disk_full(self.path):
            self._writer = _open_writer(self.path, items, self._source.dim)

    def record(self, step: int, rows: Callable[[str, np.ndarray], np.ndarray] | None = None) -> None:
        """Write the present values, `step` steps being done; a step already recorded is skipped.

        Args:
            step: how many; never fewer than before.
            rows: gives rows (r, dim) of a table by its name and their ids (r,); by default they are
                the table's own. A trainer gives them as they are once exact updates have caught up.
        """
        if self._writer is None:
            raise DataError("this trace has not been started: call start(tables) before record")
        if step < self._last:
            raise DataError(f"step {step} comes after step {self._last}: steps must not decrease")
        if step > self._last:
            self._last = step
            with explain_disk_full(self.path):
                self._write(step, rows or (lambda _, ids: self._source.values[ids]))

    def _write(self, step: int, rows: Callable[[str, np.ndarray], np.ndarray]) -> None:
        writer = self._writer
        assert writer is not None
        try:
            writer.write(step, (rows(self._name, ids) for ids in pieces(self._ids, self._source.dim)))
        except OSError:
            self._writer = None
            writer.abandon()
            raise

    def close(self) -> None:
        """Finish the file and give it its name; does nothing if it is not open."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with explain_disk_full(self.path):
            writer.finish()
        os.replace(_part(self.path), self.path)
        sync_folder(self.path.parent)

    @property
    def last(self) -> int:
        """The step that was recorded last; -1 before the first."""
        return self._last

    def _chosen(self, tables: Mapping[str, "Table"]) -> str:
        name = next(iter(tables), None) if self.table is None else self.table
        if name is None or name not in tables:
            have = ", ".join(tables) or "none"
            raise DataError(f"no table named {name!r} to trace; the trainer has: {have}")
        return name

    def _chosen_rows(self) -> np.ndarray:
        if self.rows is None:
            return np.arange(len(self._source))
        ids = np.atleast_1d(self._source.ids(self.rows)).ravel()
        return np.array(list(dict.fromkeys(ids.tolist())), dtype=np.intp)


@contextmanager
def recording(trace: Trace | None, state: TrainState) -> Iterator[None]:
    """Record rows of what is trained at the beginning and at the end, however that comes, if there is a trace."""
    if trace is None:
        yield
        return
    trace.start(state.tables)
    trace.record(state.examples)
    try:
        yield
    finally:
        if state.examples >= trace.last:  # not after going back to the last good chunk
            trace.record(state.examples)
        trace.close()


def pieces(ids: np.ndarray, dim: int) -> Iterator[np.ndarray]:
    """Ids of rows of so many numbers, a block of numbers at a time."""
    height = max(1, BLOCK // dim)
    return (ids[lo : lo + height] for lo in range(0, len(ids), height))


class _Writer(Protocol):
    def write(self, step: int, blocks: Iterable[np.ndarray]) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...


def _open_writer(path: Path, items: list[Any], dim: int) -> _Writer:
    if not path.parent.is_dir():
        raise DataError(f"cannot write the trace {path}: there is no folder {path.parent}")
    kind = _ParquetWriter if path.suffix == ".parquet" else _TextWriter
    return kind(path, items, dim)


class _TextWriter:
    def __init__(self, path: Path, items: list[Any], dim: int) -> None:
        self._items = [_plain(item, path) for item in items]
        self._stream = open(_part(path), "w", encoding="utf-8", newline="")  # noqa: SIM115
        self._stream.write("\t".join(header_row(dim)) + "\n")

    def write(self, step: int, blocks: Iterable[np.ndarray]) -> None:
        names_left = iter(self._items)
        for values in blocks:
            # NumPy's text of a float32 is the shortest that reads back as the same number
            texts = values.astype(str).tolist()
            names = islice(names_left, len(texts))
            lines = (f"{step}\t{name}\t" + "\t".join(row) for name, row in zip(names, texts, strict=True))
            self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()  # so that a killed run leaves whole records

    def finish(self) -> None:
        with self._stream:
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()


class _ParquetWriter:
    def __init__(self, path: Path, items: list[Any], dim: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kind = pa.string() if items and isinstance(items[0], str) else pa.int64()
        self._items = _arrow_items(items, kind, path)
        floats = [(f"d{k}", pa.float32()) for k in range(dim)]
        self._schema = pa.schema([("i", pa.int64()), ("n", kind), *floats])
        self._stream = open(_part(path), "wb")  # noqa: SIM115
        self._out = pq.ParquetWriter(self._stream, self._schema)
        self._waiting: list[tuple[int, int, np.ndarray]] = []  # a step, which row comes first, and rows
        self._held = 0  # numbers

    def write(self, step: int, blocks: Iterable[np.ndarray]) -> None:
        first = 0
        for values in blocks:
            self._waiting.append((step, first, values))
            self._held, first = self._held + values.size, first + len(values)
            if self._held >= BLOCK:
                self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        steps = np.repeat([step for step, _, _ in self._waiting], [len(block) for *_, block in self._waiting])
        names = pa.concat_arrays([self._items.slice(first, len(block)) for _, first, block in self._waiting])
        values = np.concatenate([block for *_, block in self._waiting])
        columns = [pa.array(np.ascontiguousarray(column)) for column in values.T]
        self._out.write_table(pa.table([pa.array(steps), names, *columns], schema=self._schema))
        self._waiting, self._held = [], 0

    def finish(self) -> None:
        with self._stream:
            with self._out:
                self._flush()
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def abandon(self) -> None:
        with contextlib.suppress(OSError), self._stream:
            self._out.close()


def _arrow_items(items: list[Any], kind: Any, path: Path) -> Any:
    import pyarrow as pa

    try:
        return pa.array(items, kind)
    except UnicodeEncodeError as error:
        raise DataError(f"the trace {path} cannot hold a name that is not Unicode text") from error


def _plain(item: Any, path: Path) -> str:
    """The item as a field of a TSV line, if it can be one."""
    text = str(item)
    if re.search(r"[\t\n\r]", text):
        raise DataError(
            f"the trace {path} cannot hold the name {text!r}: a tab or line end would break its "
            f"lines; write {path.with_suffix('.parquet').name} instead, which can hold any name"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the trace {path} cannot hold {text!r}: not Unicode text") from error
    return text


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")
