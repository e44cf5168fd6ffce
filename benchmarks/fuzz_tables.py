"""Arrow tables whose columns are drawn from many types, most of them not what a reader wants, and files of them."""

import io
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
from pyarrow import feather as arrow_feather
from pyarrow import parquet as arrow_parquet

Column = Callable[[Random, int], Any]  # of so many rows
Columns = Mapping[str, tuple[Column, ...]]

WORDS = ("cat", "dog", "the cat sat", "\u00e9t\u00e9", "", "a\nb", "\0", "x" * 300, "-1", "nan")
FLOATS = (0.0, 1.0, 0.5, -1.0, 1e39, float("nan"), float("inf"), 3e38)
WHOLE = (0, 1, 2, -1, 2**31, 2**53 + 1, 2**63 - 1)
TEXTS = (pa.string(), pa.large_string(), pa.string_view())


def _some(values: tuple[Any, ...], kind: Any, *, nulls: float = 0.0) -> Column:
    def draw(random: Random, rows: int) -> Any:
        chosen = [None if random.random() < nulls else random.choice(values) for _ in range(rows)]
        return pa.array(chosen, kind)

    return draw


def _usual(kind: Any) -> Column:
    """Words that every reader takes."""
    return lambda random, rows: pa.array([f"word{random.randrange(9)}" for _ in range(rows)], kind)


def _dictionary(random: Random, rows: int) -> Any:
    return pa.array([random.choice(WORDS[:4]) for _ in range(rows)]).dictionary_encode()


def _lists(kind: Any, widths: tuple[int, ...], values: tuple[Any, ...]) -> Column:
    def draw(random: Random, rows: int) -> Any:
        return pa.array([[random.choice(values) for _ in range(random.choice(widths))] for _ in range(rows)], kind)

    return draw


ODD: tuple[Column, ...] = (
    _some((True, False), pa.bool_()),
    _some((None,), pa.null()),
    _some((date(2020, 1, 1),), pa.date32()),
    _some((0, 10**15), pa.timestamp("us")),
    _some((Decimal("1.50"),), pa.decimal128(9, 2)),
    _some((b"cat", b"\xff\xfe", b""), pa.binary()),
    _some(({"x": 1}, None), pa.struct([("x", pa.int32())])),
    _some((1.0, None), pa.float16()),
    _lists(pa.list_(pa.string()), (0, 1, 2), ("cat",)),
)
NAMES: tuple[Column, ...] = (
    *map(_usual, TEXTS),
    *map(_usual, TEXTS),
    *(_some(WORDS, kind) for kind in TEXTS),
    _some((1, 2, 3), pa.int64()),
    _some((1, 2, 3), pa.uint8()),
    _some(WORDS[:3], pa.string(), nulls=0.2),
    _dictionary,
    *ODD,
)
NUMBERS: tuple[Column, ...] = (
    _some((0, 1), pa.int64()),
    _some((0.0, 1.0), pa.float32()),
    _some((0.0, 1.0), pa.float64()),
    _some(FLOATS, pa.float64()),
    _some(WHOLE, pa.int64()),
    _some((0, 2**64 - 1), pa.uint64()),
    _some(("1", " 2 ", "x", "1e5"), pa.string()),
    _some((0, 1), pa.int64(), nulls=0.2),
    *ODD,
)
VECTORS: tuple[Column, ...] = (
    *(_lists(kind, (2,), (0.5, 1.0)) for kind in (pa.list_(pa.float32()), pa.list_(pa.float32(), 2))),
    *(_lists(kind, (2,), (0.5, 1.0)) for kind in (pa.list_(pa.float64()), pa.large_list(pa.float32()))),
    _lists(pa.list_(pa.float32()), (0, 1, 2), FLOATS),
    _lists(pa.list_(pa.float32(), 2), (2,), (None, 1.0)),
    _lists(pa.list_(pa.int64()), (2,), WHOLE),
    _lists(pa.list_(pa.float32(), 0), (0,), ()),
    *ODD,
)


def drawn(columns: Columns, random: Random) -> Any:
    """Some rows, the columns as often as not of the first kinds; at times one is missing, or there is one more."""
    rows = random.choice((0, 1, 2, 3, 3, 4, 20))
    sound = random.random() < 0.6
    drawn_from = {name: kinds[:3] if sound else kinds for name, kinds in columns.items() if random.random() < 0.97}
    arrays = {name: random.choice(kinds)(random, rows) for name, kinds in drawn_from.items()}
    if random.random() < 0.1:
        arrays["more"] = random.choice(ODD)(random, rows)
    return pa.table(arrays)


def parquet(table: Any, random: Random) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {"compression": random.choice(("none", "snappy", "gzip", "zstd", "lz4", "brotli"))}
    options |= {"use_dictionary": random.random() < 0.5, "data_page_version": random.choice(("1.0", "2.0"))}
    options |= {"row_group_size": random.choice((2, 100)), "store_schema": random.random() < 0.7}
    try:
        arrow_parquet.write_table(table, out, **options)
    except (pa.ArrowException, TypeError):  # a type that Parquet does not have
        return b"PAR1"
    return out.getvalue()


def feather(table: Any, random: Random) -> bytes:
    out = io.BytesIO()
    arrow_feather.write_feather(table, out, compression=random.choice(("uncompressed", "lz4", "zstd")))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return out.getvalue().to_pybytes()
