"""How a text with delimiters is written: which one it is, and its header, told by the header and the rows below."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.tabular import has_surrogate

DELIMITERS = ("\t", ",", ";")
MARKS = "::"  # MovieLens's, tried where nothing shorter splits
ONE_MARK = "\x1f"  # put in the place of delimiters of several characters; called so, and in no text
SAMPLE_ROWS = 200  # looked at beside the header
SAMPLE_CHARACTERS = 1 << 17  # of them

_SEP = re.compile(r'[\r\n]*"?sep=([^"\r\n])\1*"?[ \t;,]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)  # Excel's, before the header
_FIELD = re.compile(r"[^ \t\r\n\v\f]+")  # as bytes are split
_COMMENT = ("#", "%")


@dataclass(frozen=True)
class Said:
    """What somebody says of a text; what is None is told by looking at it.

    Attributes:
        delimiter: what stands between fields.
        header: whether the first row is a header.
        columns: the names of the columns, in place of those in a header.
    """

    delimiter: str | None = None
    header: bool | None = None
    columns: Sequence[str] | None = None

    @property
    def given(self) -> str | None:
        """The first of them that was given, as errors show it."""
        return next((f"{name} is {quoted(value)}" for name, value in vars(self).items() if value is not None), None)


@dataclass(frozen=True)
class Dialect:
    """How a text is written.

    Attributes:
        delimiter: what stands between fields; a tab, where `runs` of spaces and tabs do and are to be made one.
        marks: several characters that stand between fields, each time to be made `delimiter`; or none.
        columns: their names.
        before: what stands before the rows (Excel's `sep=;`, comments), to be left out.
        header: whether a header comes next.
        runs: whether fields are apart by runs of spaces and tabs.
        padded: whether spaces stand beside delimiters in every row, and are no part of names.
        rows: some rows at the beginning, the header left out.
    """

    delimiter: str
    columns: list[str]
    before: str = ""
    header: bool = True
    runs: bool = False
    marks: str = ""
    padded: bool = False
    rows: list[list[str]] = field(default_factory=list, repr=False, compare=False)

    @property
    def begin(self) -> int:
        """The byte with which the header or the first row begins."""
        return len(self.before.encode(errors="surrogateescape"))


UNSAID = Said()


def dialect(source: str, head: str, said: Said = UNSAID) -> Dialect:
    """Look at the first characters of a text, the header among them.

    Raises:
        DataError: if two delimiters fit, or what was said does not, or lines may be comments or rows, or for no text.

    >>> dialect("f", "from;to\\nada;Rome, Italy\\n")
    Dialect(delimiter=';', columns=['from', 'to'], before='', header=True, runs=False, marks='', padded=False)
    >>> found = dialect("f", "# two edges\\n1 2\\n2 3\\n")
    >>> found.delimiter, found.columns, found.before, found.header
    (' ', ['1', '2'], '# two edges\\n', False)
    """
    before, mark = _said_before(source, head, said.delimiter)
    lines = list(io.StringIO(_sampled(head[len(before) :]), newline=""))
    top = _comments(lines)
    marks = mark if mark and len(mark) > 1 else MARKS if mark is None and _doubled(lines[top:]) else ""
    if marks:
        mark, lines = ONE_MARK, [line.replace(marks, ONE_MARK) for line in lines]
    mark, runs = _told(source, lines[top:], mark)
    rows = _split(lines[top:], mark, runs)
    wide = [] if runs or mark == " " else [k for k in range(top) if rows and _width(lines[k], mark) == len(rows[0])]
    if len(wide) > 1 and said.header is None:
        raise DataError(
            f"{source}: lines that begin with {quoted(lines[wide[0]][0])} have as many fields as rows, and may be "
            "comments or rows; take them out, or give --header or --no-header (header=), and they are rows"
        )
    if wide and (said.header or len(wide) > 1):
        top = wide[0]
        rows = _split(lines[top:], mark, runs)
    if not rows:
        raise DataError(f"{source} holds comments only; expected a header line and rows")
    above = _named_above(lines[top - 1] if top else "", rows[0], mark)
    header = _has_header(said, rows[0], commented=top > 0, named=above is not None)
    columns = _columns(source, said, rows, header, above)
    renamed = header and columns != rows[0]
    if renamed:
        top += _lines_of_first(lines[top:], mark)
    before += "".join(lines[:top])
    data = rows[header:]
    padded = mark not in " \t" and bool(data) and all(any(cell != cell.strip(" ") for cell in row) for row in data)
    return Dialect(mark, columns, before, header and not renamed, runs, marks, padded, data)


def table_columns(head: str) -> list[str] | None:
    """The first row, if tabs, commas or semicolons split all rows alike, as they do in a table and seldom in a text.

    >>> table_columns("id,text\\n1,the cat\\n"), table_columns("milk,bread\\ntea\\n")
    (['id', 'text'], None)
    """
    lines = list(io.StringIO(head, newline=""))
    lines = lines if head.endswith(("\n", "\r")) else lines[:-1]  # the last may be cut
    split = (_split(lines, mark) for mark in DELIMITERS)
    return next((rows[0] for rows in split if len(rows) > 1 and _fits(rows)), None)


def _said_before(source: str, head: str, delimiter: str | None) -> tuple[str, str | None]:
    """Excel's line before the header, and the delimiter that it or the user says."""
    found = _SEP.match(head)
    mark = found[1] if found and delimiter is None else delimiter
    mark = "\t" if mark == "\\t" else mark  # as one types it
    fine = mark is None or (isinstance(mark, str) and mark and mark.isascii() and not set(mark) & set('"\r\n\0'))
    if not fine:
        raise DataError(f"{source}: the delimiter is {quoted(mark)}; give ASCII characters, such as ',' or '::'")
    return found[0] if found else "", mark


def _comments(lines: list[str]) -> int:
    """How many lines at the beginning are comments, and blank ones among them."""
    top = 0
    for k, line in enumerate(lines):
        if line.startswith(_COMMENT):
            top = k + 1
        elif line.strip():
            break
    return top


# --- the delimiter


def _told(source: str, lines: list[str], mark: str | None) -> tuple[str, bool]:
    """The delimiter, and whether it is a run of spaces and tabs: these are tried where nothing else splits."""
    if mark is not None:
        return mark, False
    found = {one: rows for one in DELIMITERS if (rows := _split(lines, one))}
    if any(len(rows[0]) > 1 for rows in found.values()):
        return _chosen(source, found), False
    spaced = _split(lines, " ")
    if _fits(spaced, names_of_rows=True) and all(all(row) for row in spaced):
        return " ", False
    return ("\t", True) if _fits(_split(lines, "\t", runs=True), names_of_rows=True) else (",", False)


def _doubled(lines: list[str]) -> bool:
    """Whether MARKS split rows alike and no shorter delimiter is in the first."""
    return (
        bool(lines)
        and not any(mark in lines[0] for mark in DELIMITERS)
        and _fits(_split([line.replace(MARKS, ONE_MARK) for line in lines if MARKS in line], ONE_MARK))
    )


def _fits(rows: list[list[str]], *, names_of_rows: bool = False) -> bool:
    """Whether all rows have as many fields, and more than one; the first may lack a name for R's names of rows."""
    if names_of_rows and len(rows) > 2 and 2 < len(rows[1]) == len(rows[0]) + 1:
        rows = rows[1:]
    return bool(rows) and len(rows[0]) > 1 and {len(row) for row in rows} == {len(rows[0])}


def _sampled(text: str) -> str:
    """Whole lines at the beginning: the header, however long, and some rows."""
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    end = max(text.rfind("\n", 0, SAMPLE_CHARACTERS), text.rfind("\r", 0, SAMPLE_CHARACTERS))
    return text[: end + 1] if end >= 0 else text


def _split(lines: list[str], delimiter: str, runs: bool = False) -> list[list[str]]:
    """The rows that are not blank, as far as they can be told."""
    if runs:
        return list(islice((fields for line in lines if (fields := _FIELD.findall(line))), SAMPLE_ROWS + 1))
    rows = list[list[str]]()
    with suppress(csv.Error):
        rows.extend(islice((row for row in csv.reader(lines, delimiter=delimiter) if row), SAMPLE_ROWS + 1))
    return rows


def _width(line: str, delimiter: str) -> int:
    rows = _split([line], delimiter)
    return len(rows[0]) if rows else 0


def _lines_of_first(lines: list[str], delimiter: str) -> int:
    """How many lines the first row takes that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter)
    next(row for row in reader if row)
    return reader.line_num


def _chosen(source: str, found: dict[str, list[list[str]]]) -> str:
    """The delimiter that splits every row as the header; failing that, the header into most fields."""
    splitting = {mark: rows for mark, rows in found.items() if len(rows[0]) > 1}
    if len(splitting) < 2:
        return next(iter(splitting), ",")
    fitting = [mark for mark, rows in splitting.items() if _fits(rows)]
    clean = [mark for mark in fitting if _is_clean(splitting[mark])]
    if len(clean or fitting) == 1:
        return (clean or fitting)[0]
    if fitting:
        marks = " and ".join(quoted(mark) for mark in clean or fitting)
        how = f"say which, such as --delimiter {quoted((clean or fitting)[-1])} (delimiter=)"
        raise DataError(f"{source}: {marks} split every row into as many fields as the header; {how}")
    return max(splitting, key=lambda mark: (_agreeing(splitting[mark]), len(splitting[mark][0])))


def _agreeing(rows: list[list[str]]) -> float:
    return sum(len(row) == len(rows[0]) for row in rows[1:]) / max(1, len(rows) - 1)


def _is_clean(rows: list[list[str]]) -> bool:
    """Whether no mark of a sentence was split at: fields that begin with a space, halves of brackets or of quotes."""
    whole = all(field.count("(") == field.count(")") and '"' not in field for field in rows[0])
    return whole and not any(field.startswith(" ") for row in rows for field in row[1:])


# --- the header


def _named_above(comment: str, first: list[str], delimiter: str) -> list[str] | None:
    """The names of columns in the comment above the rows: if it has as many fields, and none is a number."""
    names = _split([comment.lstrip("#% ")], delimiter)
    if delimiter == " " or not names or len(names[0]) != len(first) or any(map(is_number, names[0])):
        return None  # a sentence may have as many words as a row has fields
    if sum(map(bool, names[0])) < 2:
        return None
    return [name.strip() for name in names[0]]


def _has_header(said: Said, first: list[str], *, commented: bool, named: bool) -> bool:
    """Whether the first row is a header, as was said; else it is none below comments, if it is numbers or is named."""
    if said.header is not None:
        return said.header
    return said.columns is None and not (commented and (named or all(map(is_number, first))))


def _columns(source: str, said: Said, rows: list[list[str]], header: bool, above: list[str] | None) -> list[str]:
    """The names of the columns: those that were said, in the header, or above; else their numbers, from 1."""
    first = rows[0]
    if said.columns is None:
        names = first if header else above or [str(k + 1) for k in range(len(first))]
        _check_header(source, names)
        bare = [_bare(name) for name in names]
        return bare if len(set(bare)) == len(set(names)) else names
    first = rows[1] if header and len(rows) > 1 else first
    shown = ", ".join(quoted(cell)[1:-1] for cell in first[:5]) + ", ..." * (len(first) > 5)
    if len(said.columns) != len(first):
        count = f"{len(said.columns)} name{'s' * (len(said.columns) != 1)}"
        raise DataError(
            f"{source}: --columns (columns=) has {count}, and the first row {len(first)} fields: {shown}; give one "
            "name for each (columns of a file with a header are chosen by --left and --right)"
        )
    if said.header is None and [cell.strip() for cell in first] == list(said.columns):
        raise DataError(f"{source}: the first row is a header with the names {shown}; leave out --columns (columns=)")
    return list(said.columns)


def _bare(name: str) -> str:
    """A name of a column without the spaces around it, and without quotes, which a space before them made letters."""
    bare = name.strip(" ")
    return bare if bare == name or len(bare) < 2 or not bare[0] == bare[-1] == '"' else bare[1:-1]


def checked_columns(columns: Sequence[str] | None) -> list[str] | None:
    """Names of columns as they were given; DataError unless they are different texts."""
    if columns is None:
        return None
    if isinstance(columns, str) or not isinstance(columns, Sequence) or not all(isinstance(n, str) for n in columns):
        raise DataError(f"columns is {quoted(columns)}; give the names of all columns, such as ['left', 'right']")
    if not columns or "" in columns or len(set(columns)) < len(columns):
        raise DataError(f"columns is {quoted(list(columns))}; give each column a name of its own")
    return list(columns)


def is_number(text: str) -> bool:
    """Whether a field holds a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _check_header(source: str, columns: Iterable[str]) -> None:
    """Refuse bytes that are not text before they are shown as names of columns."""
    for name in columns:
        if "\0" in name:
            raise DataError(f"{source}, line 1: a zero byte; expected text (CSV, TSV, JSON lines), Parquet or Arrow")
        if has_surrogate(name):
            raise DataError(f"{source}, line 1: not UTF-8 text; save the file as UTF-8")
