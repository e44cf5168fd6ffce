"""What `benchmarks/fuzz.py` found, each as a small case: an input that once crashed, hung, warned or was told badly."""

import base64
import io
import json
import struct
import time
import zlib

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import rowspace as rs
from rowspace.errors import DataError, FormatError
from tests.support.commands import fails, works

READERS = {
    "pairs": rs.read_pairs,
    "text": lambda path: rs.read_text(path, min_count=1),
    "cells": lambda path: rs.read_text(path, column="a", min_count=1),
    "vectors": rs.import_,
    "trace": rs.read_trace,
}


def header(text):
    """The beginning of a .npy file."""
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(16)


def arrow_file(**columns):
    out = io.BytesIO()
    feather.write_feather(pa.table(columns), out, compression="uncompressed")
    return out.getvalue()


def parquet_file(**columns):
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out, compression="none")
    return out.getvalue()


def replaced(data, old, new):
    assert old in data
    assert len(old) == len(new)
    return data.replace(old, new)


NAMES = {"a": ["xyz", "uvw", "rst"], "b": ["x", "y", "z"]}
ENDS = struct.pack("<4i", 0, 3, 6, 9)  # where the names of column a begin and end
SQUARE = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
TRACED = {"i": [0, 0], "n": ["xyz", "uvw"], "d0": [1.0, 2.0]}

# a Parquet file, packed, whose column says that it has other levels than it has
LEVELS = (
    "c-nQ5!D_-l5QZnKSwit*>MXmkhg`DQgQ9|-_F(Thi02{%4OF2?8q<2|BlQvbJbjIJOj28_F1s`P!+t;Wvy1!X7&-Q^_kawcI&B1B"
    "&!F#pHA|ju-7Wwy=SLDLP@I$QAuBdhS+|C9saBdGAN_Nv6-)woEDg}2N($R5nu6r}^<(lBBPSqa(%FVOdcU3f^awklE1fiiNY{!<"
    "wiz{2Fr}3>pvfoXpom0IFj0!qc=l>arD-yn59}RR1{gUVJvxm?T6yfm&b-+Rd4Fkfqb~3?US+TnEA#2tf8qbo{6vcnCYbT4K|jdj"
    ";`t>h2kSf^#6^)Eg4d+jZ?iO*%!Z@kSXqi*Z<sp(3;N}6T<c?d"
)

FOUND = {
    "offsets of Arrow's that lead out of the file": (
        ("pairs", "cells"),
        "file",
        replaced(arrow_file(**NAMES), ENDS, struct.pack("<4i", 0, 3, 6, 2**31 - 1)),
    ),
    "offsets of Arrow's that fall": (
        ("pairs", "cells"),
        "file",
        replaced(arrow_file(**NAMES), ENDS, struct.pack("<4i", 0, 2**30, -6, 9)),
    ),
    "the name of an Arrow column that is not UTF-8": (
        ("pairs", "cells"),
        "file",
        replaced(arrow_file(aaaa=["x"], b=["y"]), b"aaaa", b"\xff\xff\xff\xff"),
    ),
    "the name of a Parquet column that is not UTF-8": (
        ("pairs", "cells"),
        "file",
        replaced(parquet_file(aaaa=["x"], b=["y"]), b"aaaa", b"\xff\xff\xff\xff"),
    ),
    "lines of JSON that look like UTF-16": (("pairs", "cells"), "file", b'{"a": "x", "b": "y"}\n\0{\0"\0a\n'),
    "JSON null in place of an object": (("pairs", "cells"), "file", b'{"a": "x", "b": "y"}\nnull'),
    "JSON null behind an object": (("pairs", "cells"), "file", b'{"a": "x", "b": "y"} null\n'),
    "JSON null before objects": (("pairs", "cells"), "file", b'{"a": "x", "b": "y"}\n \tnull\n{"a": "x", "b": "y"}\n'),
    "JSON whose key is half a character": (("pairs",), "file", b'{"\\udfff": "x", "a": "y"}\n'),
    "a control character in Arrow's message": (("cells",), "file", b"a,b\nx,y,\x1b[2Jz\r\n"),
    "a binary file taken for columns": (("pairs", "cells"), "file", bytes(range(256)) * 4),
    "many columns of long names": (("pairs", "cells"), "file", b",".join(b"%d" % k * 90 for k in range(100, 150))),
    ".npy whose header has an open bracket": (("vectors",), "v.npy", header(SQUARE.replace(")", "").encode())),
    ".npy whose header is of Python 2": (("vectors",), "v.npy", header(SQUARE.replace("2,", "2L,").encode())),
    ".npy whose shape is many digits": (
        ("vectors",),
        "v.npy",
        header(SQUARE.replace("(2, 2)", f"({'1' * 60}x)").encode()),
    ),
    ".npy of a type that NumPy gave up": (("vectors",), "v.npy", header(SQUARE.replace("<f4", "a").encode())),
    ".npy with a long header that is none": (("vectors",), "v.npy", header(b"{'a': " * 1500)),
    "vectors in a Parquet file cut short": (("vectors",), "v.parquet", parquet_file(name=["a"], vector=[[1.0]])[:-9]),
    "vectors in a Parquet file with a damaged foot": (
        ("vectors",),
        "v.parquet",
        b"PAR1" + b"\x15\x0f" * 30 + struct.pack("<i", 60) + b"PAR1",
    ),
    "a trace in a Parquet file with a damaged foot": (
        ("trace",),
        "t.parquet",
        b"PAR1" + b"\x15\x0f" * 30 + struct.pack("<i", 60) + b"PAR1",
    ),
    "a Parquet column of other levels": (("trace",), "t.parquet", zlib.decompress(base64.b85decode(LEVELS))),
    "a trace whose items are lists": (("trace",), "t.parquet", parquet_file(**{**TRACED, "n": [["x"], ["y"]]})),
    "a trace whose items are not UTF-8": (
        ("trace",),
        "t.parquet",
        replaced(parquet_file(**TRACED), b"xyz", b"\xff\xfe\xfd"),
    ),
}
CASES = [(what, reader) for what, (readers, _, _) in FOUND.items() for reader in readers]


@pytest.mark.parametrize(("what", "reader"), CASES)
def test_found_by_fuzzing(tmp_path, what, reader):
    _, name, data = FOUND[what]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises((DataError, FormatError)) as caught:
        READERS[reader](path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.isprintable()
    assert len(message) < 1000


def test_the_last_of_many_rows_is_found_at_once(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("".join(f"word{k} 1 2 3\n" for k in range(200_000)) + "last 1 2 x\n")
    start = time.process_time()
    with pytest.raises(FormatError, match="line 200001: 'x' is not a finite float32"):
        rs.import_(path)
    assert time.process_time() - start < 5  # one after another they took 20


def test_a_long_name_of_a_column_is_looked_for_at_once(tmp_path):
    letters = np.random.default_rng(0).choice([chr(0x4E00 + k) for k in range(200)], (81, 10_000))
    names = ["".join(row) for row in letters]
    path = tmp_path / "pairs.csv"
    path.write_text(",".join(names[1:]) + "\n", encoding="utf-8")
    start = time.process_time()
    with pytest.raises(DataError, match="has no column"):
        rs.read_pairs(path, left=names[0])
    assert time.process_time() - start < 5


def test_rows_that_are_not_finite_are_answered_without_a_warning(tmp_path):
    rows = np.array([[1, 0], [np.inf, 1], [np.nan, 0], [0.5, 0.1]], np.float32)
    rs.Model({"E": rs.Table.from_array(rows, ["a", "b", "c", "d"])}).save(tmp_path / "m")
    found = json.loads(works("neighbors", tmp_path / "m", "a", "--json").stdout)
    assert found[0]["neighbors"][0]["item"] == "d"
    for name in "bc":
        assert "a query must be finite numbers" in fails("neighbors", tmp_path / "m", name)
