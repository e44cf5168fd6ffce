"""How a text with delimiters is written: which one it is, and its header, told by the header and the rows below."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.tabular import has_surrogate

DELIMITERS = ("\t", ",", ";")
SAMPLE_ROWS = 200  # looked at beside the header
SAMPLE_CHARACTERS = 1 << 17  # of them

_SEP = re.compile(r'[\r\n]*"?sep=([^"\r\n])\1*"?[ \t;,]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)  # Excel's, before the header
_COMMENT = ("#", "%")


@dataclass(frozen=True)
class Dialect:
    """The delimiter, the names of the columns, and what stands before the header (Excel's `sep=;`)."""

    delimiter: str
    columns: list[str]
    before: str = ""

    @property
    def begin(self) -> int:
        """The byte with which the header begins."""
        return len(self.before.encode(errors="surrogateescape"))


def dialect(source: str, head: str, delimiter: str | None = None) -> Dialect:
    """Look at the first characters of a text, the header among them; the delimiter may be known.

    Raises:
        DataError: if two delimiters fit, or the first line is a comment, or no text.

    >>> dialect("f", "from;to\\nada;Rome, Italy\\n")
    Dialect(delimiter=';', columns=['from', 'to'], before='')
    >>> dialect("f", "sep=;\\nfrom;to\\n").before
    'sep=;\\n'
    """
    said = _SEP.match(head)
    before = said[0] if said else ""
    mark = said[1] if said and delimiter is None else delimiter
    if mark is not None and (len(mark) != 1 or mark in '"\r\n\0' or not mark.isascii()):
        raise DataError(f"{source}: the delimiter is {quoted(mark)}; give one ASCII character, such as ',' or ';'")
    sample = _sampled(head[len(before) :])
    found = {one: rows for one in ([mark] if mark else DELIMITERS) if (rows := _split(sample, one))}
    mark = mark or _chosen(source, found)
    columns = found[mark][0] if mark in found else []
    _check_header(source, columns)
    if delimiter is None:
        _check_no_comment(source, found.get(mark, []))
    return Dialect(mark, columns, before)


def _sampled(text: str) -> str:
    """Whole lines at the beginning: the header, however long, and some rows."""
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    end = max(text.rfind("\n", 0, SAMPLE_CHARACTERS), text.rfind("\r", 0, SAMPLE_CHARACTERS))
    return text[: end + 1] if end >= 0 else text


def _split(sample: str, delimiter: str) -> list[list[str]]:
    """The rows that are not blank, as far as they can be told."""
    rows = list[list[str]]()
    try:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        rows.extend(islice((row for row in reader if row), SAMPLE_ROWS + 1))
    except csv.Error:
        pass
    return rows


def _chosen(source: str, found: dict[str, list[list[str]]]) -> str:
    """The delimiter that splits every row as the header; failing that, the header into most fields."""
    splitting = {mark: rows for mark, rows in found.items() if len(rows[0]) > 1}
    if len(splitting) < 2:
        return next(iter(splitting), ",")
    fitting = [mark for mark, rows in splitting.items() if {len(row) for row in rows} == {len(rows[0])}]
    clean = [mark for mark in fitting if _is_clean(splitting[mark])]
    if len(clean or fitting) == 1:
        return (clean or fitting)[0]
    if fitting:
        marks = " and ".join(quoted(mark) for mark in clean or fitting)
        line = f"sep={(clean or fitting)[-1]}"
        how = f"say which: put a line {line} above the header, or give delimiter= to read_pairs"
        raise DataError(f"{source}: {marks} split every row into as many fields as the header; {how}")
    return max(splitting, key=lambda mark: (_agreeing(splitting[mark]), len(splitting[mark][0])))


def _agreeing(rows: list[list[str]]) -> float:
    return sum(len(row) == len(rows[0]) for row in rows[1:]) / max(1, len(rows) - 1)


def _is_clean(rows: list[list[str]]) -> bool:
    """Whether no mark of a sentence was split at: fields that begin with a space, halves of brackets or of quotes."""
    whole = all(field.count("(") == field.count(")") and '"' not in field for field in rows[0])
    return whole and not any(field.startswith(" ") for row in rows for field in row[1:])


def _check_header(source: str, columns: Iterable[str]) -> None:
    """Refuse bytes that are not text before they are shown as names of columns."""
    for name in columns:
        if "\0" in name:
            raise DataError(f"{source}, line 1: a zero byte; expected text (CSV, TSV, JSON lines), Parquet or Arrow")
        if has_surrogate(name):
            raise DataError(f"{source}, line 1: not UTF-8 text; save the file as UTF-8")


def _check_no_comment(source: str, rows: list[list[str]]) -> None:
    """Refuse a first line that begins as a comment does, unless it is as wide as the rows, and so a header."""
    if len(rows) > 1 and rows[0][0].startswith(_COMMENT):
        again = rows[1][0].startswith(_COMMENT)
        if again or len(rows[0]) != len(rows[1]):
            what = quoted(rows[0][0])
            raise DataError(
                f"{source}: {what} looks like a comment; take such lines out, and put a header in their place"
            )
