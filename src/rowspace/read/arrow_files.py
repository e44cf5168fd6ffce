"""Parquet and Arrow (Feather) files: all columns, or the batches of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rowspace.columns.frames import decoded
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line
from rowspace.read.stream import Content, Stream
from rowspace.read.tabular import ArrowTable, check_column
from rowspace.system.parquet import ask_for_columns

BATCH_ROWS = 1 << 12  # decoded from Parquet at once


def parquet_table(source: Content) -> ArrowTable:
    """All columns of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _damage_told(source.name, "Parquet"):
        file = pq.ParquetFile(pa.BufferReader(source.data))
        ask_for_columns(source.name, file, "give the pairs in parts")
        return ArrowTable(source.name, file.read())


def arrow_table(source: Content) -> ArrowTable:
    """All columns of an Arrow file."""
    import pyarrow as pa

    with _damage_told(source.name, "Arrow"):
        table = pa.ipc.open_file(pa.BufferReader(source.data)).read_all()
        table.validate(full=True)  # Arrow believes the offsets of a file, and would read beyond its memory
        return ArrowTable(source.name, table)


def parquet_column(stream: Stream, column: str) -> Iterator[Any]:
    """A column of a Parquet file, batch by batch."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(stream.seekable()) as file:
        check_column(stream.name, file.schema_arrow.names, column)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=[column]):
            yield from _decoded(batch[column])


def arrow_column(stream: Stream, column: str) -> Iterator[Any]:
    """A column of an Arrow file, batch by batch."""
    import pyarrow as pa

    with pa.ipc.open_file(stream.seekable()) as file:
        check_column(stream.name, file.schema.names, column)
        for k in range(file.num_record_batches):
            cells = file.get_batch(k)[column]
            cells.validate(full=True)
            yield from _decoded(cells)


def _decoded(array: Any) -> Any:
    import pyarrow as pa

    return decoded(pa.chunked_array([array])).chunks


@contextmanager
def _damage_told(name: str, kind: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(f"{name}: damaged {kind} file: {one_line(error)}") from error
