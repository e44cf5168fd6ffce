"""What is fuzzed: for each format small valid files, how to damage them, and the reader."""

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import fuzz_tables
import numpy as np
from fuzz_mutations import mutated

import rowspace as rs
from rowspace.formats import read_glove, read_word2vec
from rowspace.read.judged import read_analogies, read_word_pairs

Files = dict[str, bytes]
LARGE = 500_000  # bytes


@dataclass(frozen=True)
class Format:
    """One format: valid files to begin with, each a dict by name, how one of them is damaged, and the reader.

    `read` gets the folder they lie in, and what it draws a reader's options from, so that these are tried as well.
    """

    seeds: list[Files]
    read: Callable[[Path, Random], Any]
    damaged: Callable[[Files, list[Files], Random], Files]

    def draw(self, random: Random) -> Files:
        """Files, damaged or not; a few of them large."""
        files = self.damaged(random.choice(self.seeds), self.seeds, random)
        if self.damaged is one_changed and random.random() < 0.005:
            return {name: data * (LARGE // max(1, len(data))) for name, data in files.items()}
        return files


def one_changed(files: Files, seeds: list[Files], random: Random) -> Files:
    """The same with one of the files changed; at times one is missing."""
    name = random.choice(sorted(files))
    if len(files) > 1 and random.random() < 0.05:
        return {other: data for other, data in files.items() if other != name}
    others = [seed[name] for seed in seeds if name in seed]
    return {**files, name: mutated(files[name], others, random)}


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 1, mtime=0),
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": fuzz_tables.zstd,
}


SKIPPED = b"\x50\x2a\x4d\x18\3\0\0\0abc"  # a frame of zstd's that is passed over


def _parts(data: bytes, random: Random) -> tuple[bytes, ...]:
    """The whole, or now and then two parts of it, to be packed one by one."""
    at = random.randint(0, len(data))
    return (data[:at], data[at:]) if random.random() < 0.3 else (data,)


def packed(*kinds: str) -> Callable[..., Files]:
    """Packed after the change, and at times changed after that."""

    def draw(files: Files, seeds: list[Files], random: Random) -> Files:
        [(name, data)] = (one_changed(files, seeds, random) if random.random() < 0.5 else files).items()
        kind = random.choice(kinds)
        data = b"".join(PACK[kind](part) for part in _parts(data, random))
        if random.random() < 0.1:
            data = PACK[random.choice(kinds)](data)
        if random.random() < 0.2:
            data = random.choice(
                (SKIPPED + data, data + SKIPPED, data + bytes(random.choice((1, 4, 512))), data + b"x")
            )
        return {name: mutated(data, [data], random) if random.random() < 0.8 else data}

    return draw


def table_drawn(file: str, columns: fuzz_tables.Columns, write: Callable[..., bytes]) -> Callable[..., Files]:
    """Files of Arrow's formats, whose columns are drawn from many types; the bytes are changed more often than not."""

    def draw(_files: Files, _seeds: list[Files], random: Random) -> Files:
        data = write(fuzz_tables.drawn(columns, random), random)
        return {file: mutated(data, [data], random) if random.random() < 0.7 else data}

    return draw


# --- the valid files

CSV = (
    "a,b,l,w\ncat,dog,1,2\ncat,car,0,1.5\n\u00e9t\u00e9,dog,1,3e2\n",
    'a,b,l,w\r\n"x, y",z,1,2\r\n"q""r","two\nlines",0,1\r\n',
    "\ufeffb;a;w;l\n1;2;1;0\n2;3;0.5;1\n",
    ",a,b,l,w\n0,cat,dog,1,2\n1,cat,car,0,1.5\n",
    "sep=;\r\na;b (x, y);l;w\r\ncat;d, e;1;2\r\n",
)
JSON = (
    '{"a": "cat", "b": "dog", "l": 1, "w": 2}\n{"b": "car", "a": "cat", "w": 1.5, "l": 0}\n',
    '{"a": 1, "b": 2, "l": true, "w": 2}\n\n{"a": 2, "b": 1, "l": 0, "w": 1}\n',
    '{"a": "\\u00e9", "b": "x\\ny", "l": 1, "w": 2, "more": {"deep": [1, null]}}\n',
)
TEXT = (
    "the cat sat on the mat\nthe dog sat on the rug\n\na cat and a dog\n",
    "l'\u00e9t\u00e9 don't\tstop\r\n\u65e5\u672c \u0915\u093e\u092e \U0001f600 x\u0301\n" * 3,
)
CELLS = (
    'text,n\nthe cat sat,1\n"two\nlines, one cell",2\n',
    '{"text": "the cat"}\n{"text": null}\n{"text": "a b a"}\n',
)
ANALOGIES = (": capitals\nparis france rome italy\nrome italy paris france\n: family\nking queen man woman\n",)
WORD_PAIRS = ("# judged\nking\tqueen\t8.5\ncat\tcar\t0.5\n", "word1\tword2\tscore\ncat\tdog\t7\n")
WORD_PAIRS += ("a,b,Human (mean),1\ncat,dog,7,1\n", "cat dog 5\ncar king 1\n", "w;v;POS;score\ncat;dog;N;7\n")
VECTORS = ("3 2\ncat 0.5 -1\n\u00e9t\u00e9 1e-8 3.5\n7 2 3\n", "2 3\r\n</s> 1 2 3 \r\n, 4 5 6 \r\n")
GLOVE = ("cat 0.5 -1\n. . . 1e-8 3.5\n7 2 3\n\n", "cat 1 2 3\ndog 4 5 6\n")
TRACE = ("i\tn\td0\td1\n0\tcat\t0.5\t1\n0\tdog\t1\t2\n9\tcat\t0\t1\n9\tdog\t1\t3\n", "i\tn\td0\n0\t1\t2\n5\t1\t3\n")


def _encoded(texts: tuple[str, ...], name: str = "file") -> list[Files]:
    return [{name: text.encode()} for text in texts]


def _binary() -> list[Files]:
    rows = np.array([[0.5, -1], [2, 3], [1e-8, 3e38]], "<f4")
    records = [name + b" " + row.tobytes() for name, row in zip((b"cat", b"\xc3\xa9", b"7"), rows, strict=True)]
    spaced = [b"new york " + rows[0].tobytes(), b"the usa 2 " + rows[1].tobytes(), b"x " + rows[0].tobytes()]
    bodies = (b"".join(records), b"\n".join(records) + b"\n", b"".join(spaced))
    return [{"v.bin": b"3 2\n" + body} for body in bodies]


def _npy(values: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def _arrays() -> list[Files]:
    values, counts = _npy(np.ones((3, 2), np.float32)), _npy(np.array([3, 2, 1]))
    names = json.dumps(["cat", "\u00e9", [0xD800, 0xDC00]]).encode()
    return [{"v.npy": values, "v.names.json": names, "v.counts.npy": counts}, {"v.npy": values}]


def _models() -> list[Files]:
    [files, _] = _arrays()
    entry = {"name": "E", "rows": 3, "dim": 2, "names": True, "counts": True}
    about = {"format": "rowspace model", "version": 1, "rowspace": "0.1.0", "tables": [entry], "cost": [2.0, 1.0, None]}
    plain = {"E.npy": files["v.npy"], "E.names.json": files["v.names.json"], "E.counts.npy": files["v.counts.npy"]}
    first = {**plain, "model.json": json.dumps({**about, "trained_with": {"cost": "skip_gram"}}).encode()}
    rows = {"name": "S", "rows": 5, "dim": 2, "names": False, "counts": False}
    trained = {"cost": "skip_gram", "min_n": 2, "max_n": 3, "buckets": 2}
    subwords = json.dumps({**about, "tables": [entry, rows], "trained_with": trained}).encode()
    return [first, {**plain, "model.json": subwords, "S.npy": _npy(np.ones((5, 2), np.float32))}]


# --- the readers


def pairs(folder: Path, random: Random) -> None:
    """With columns named or not."""
    roles: Mapping[str, str] = random.choice(({}, {"label": "l"}, {"weight": "w"}, {"left": "b", "right": "a"}))
    rs.read_pairs(folder / "file", **{**roles, **random.choice(({}, {"label": "l", "weight": "w"}))})


def text(folder: Path, random: Random, column: str | None = None) -> None:
    """Split by either rule, strictly or not, on one or two threads."""
    reading = {"tokens": random.choice(("whitespace", "words")), "errors": random.choice(("strict", "replace"))}
    counting = {"lower": random.random() < 0.5, "min_count": random.choice((1, 1, 2)), "threads": random.choice((1, 2))}
    with rs.read_text(folder / "file", column=column, progress=False, **reading, **counting) as read:
        sum(map(len, read))


def vectors(name: str) -> Callable[[Path, Random], Any]:
    """A file of vectors, all or the first."""
    return lambda folder, random: rs.import_(folder / name, limit=random.choice((None, None, 1, 2)))


def model(folder: Path, random: Random) -> None:
    """Opened, and asked for a word that it has not seen."""
    opened = rs.open(folder)
    if opened.table.names is not None:
        opened.neighbors([opened.index_to_key[0]], 2)
        "unseen" in opened and opened["unseen"]


PAIRS = {"a": fuzz_tables.NAMES, "b": fuzz_tables.NAMES, "l": fuzz_tables.NUMBERS, "w": fuzz_tables.NUMBERS}
NAMED = {"name": fuzz_tables.NAMES, "vector": fuzz_tables.VECTORS, "count": fuzz_tables.NUMBERS}
TRACED = {"i": fuzz_tables.NUMBERS, "n": fuzz_tables.NAMES, "d0": fuzz_tables.NUMBERS}
COLUMN = {"text": fuzz_tables.NAMES}
cells = lambda folder, random: text(folder, random, "text")
trace = lambda suffix: lambda folder, random: rs.read_trace(folder / f"file{suffix}")
parquet, feather = fuzz_tables.parquet, fuzz_tables.feather

FORMATS = {
    "pairs: CSV": Format(_encoded(CSV), pairs, one_changed),
    "pairs: TSV": Format(_encoded(tuple(text.replace(",", "\t") for text in CSV)), pairs, one_changed),
    "pairs: JSON lines": Format(_encoded(JSON), pairs, one_changed),
    "pairs: packed": Format(_encoded(CSV + JSON), pairs, packed(*PACK)),
    "pairs: Parquet": Format([{}], pairs, table_drawn("file", PAIRS, parquet)),
    "pairs: Arrow": Format([{}], pairs, table_drawn("file", PAIRS, feather)),
    "text: plain": Format(_encoded(TEXT), text, one_changed),
    "text: packed": Format(_encoded(TEXT), text, packed(*PACK)),
    "text: column of CSV, JSON": Format(_encoded(CELLS), cells, one_changed),
    "text: column of Parquet": Format([{}], cells, table_drawn("file", COLUMN, parquet)),
    "text: column of Arrow": Format([{}], cells, table_drawn("file", COLUMN, feather)),
    "word2vec text": Format(_encoded(VECTORS), lambda f, r: read_word2vec(f / "file"), one_changed),
    "word2vec binary": Format(_binary(), vectors("v.bin"), one_changed),
    "fastText .vec": Format(_encoded(VECTORS + GLOVE, "v.vec"), vectors("v.vec"), one_changed),
    "GloVe": Format(_encoded(GLOVE), lambda f, r: read_glove(f / "file", dim=r.choice((None, 2))), one_changed),
    "vectors, packed": Format(_encoded(VECTORS + GLOVE, "v.txt.gz"), vectors("v.txt.gz"), packed(*PACK)),
    "npy and names": Format(_arrays(), vectors("v.npy"), one_changed),
    "vectors Parquet": Format([{}], vectors("v.parquet"), table_drawn("v.parquet", NAMED, parquet)),
    "model folder": Format(_models(), model, one_changed),
    "analogies": Format(_encoded(ANALOGIES), lambda f, r: read_analogies(f / "file"), one_changed),
    "word pairs": Format(_encoded(WORD_PAIRS), lambda f, r: read_word_pairs(f / "file"), one_changed),
    "trace TSV": Format(_encoded(TRACE, "file.tsv"), trace(".tsv"), one_changed),
    "trace Parquet": Format([{}], trace(".parquet"), table_drawn("file.parquet", TRACED, parquet)),
}
