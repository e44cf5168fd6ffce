"""Files that vectors of words are judged by: word pairs with the scores people gave them, and analogies."""

import csv
import math
import os
import re
from dataclasses import dataclass

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.stream import lines_of

EXPECTED = "lines of two words and a score"
DELIMITERS = ("\t", ";", ",", None)  # None: white space
_SCORE = re.compile(r"(?i)(?!sd|std|var).*(?:score|mean|human|rating|similarity|simlex|simverb|gold|judg)")


Question = tuple[str, str, str, str]


@dataclass(frozen=True)
class WordPairs:
    """Pairs of words and their scores.

    `header` is a first line that was taken for one, or None; `column` what it calls the scores, if there are more
    columns than three.
    """

    file: str
    pairs: list[tuple[str, str]]
    scores: list[float]
    header: str | None = None
    column: str | None = None


def read_word_pairs(file: str | os.PathLike[str], delimiter: str | None = None) -> WordPairs:
    """Read a file such as WordSim-353, MEN, RG-65 or SimLex-999: two words, and a score in a column behind them.

    Lines that are blank or begin with # are passed over. A first line whose score is no number is taken for a header.
    Of more than three columns, the scores are the only one of numbers, or the one whose name in the header says so.

    `delimiter` stands between the fields; None for a tab, a semicolon, a comma or white space, whichever splits all
    lines alike. The file may be "-" for standard input; packed files are unpacked.

    Raises:
        DataError: naming the file and the line, if a line has another number of fields, an empty word, or a score that
            is not a finite number; if it is not clear which column holds the scores; or if there are no pairs.
    """
    if delimiter is not None and (not isinstance(delimiter, str) or not delimiter):
        raise DataError(f"delimiter is {quoted(delimiter)}; give text, such as a tab or a comma")
    name, lines = lines_of(file, EXPECTED)
    lines = [(number, line) for number, line in lines if not line.startswith("#")]
    if not lines:
        raise DataError(f"{name} has no pairs; expected {EXPECTED}")
    mark, rows = _split([line for _, line in lines], delimiter)
    place = _score_place(name, rows)
    _check_fields(name, lines, rows, mark)
    header = lines[0][1] if _number(rows[0][place]) is None else None
    skipped = int(header is not None)
    pairs, scores = list[tuple[str, str]](), list[float]()
    for (number, _), fields in list(zip(lines, rows, strict=True))[skipped:]:
        value = _number(fields[place])
        if value is None:
            raise DataError(f"{name}, line {number}: the score {quoted(fields[place])} is not a finite number")
        pairs.append((fields[0], fields[1]))
        scores.append(value)
    if not pairs:
        raise DataError(f"{name} has no pairs; expected {EXPECTED}")
    return WordPairs(name, pairs, scores, header, rows[0][place] if header and len(rows[0]) > 3 else None)


def _split(lines: list[str], delimiter: str | None) -> tuple[str | None, list[list[str]]]:
    """The delimiter that splits all lines into as many fields, or else the first into most, and the fields."""
    marks = [delimiter] if delimiter else [mark for mark in DELIMITERS if len(_fields(lines[0], mark)) > 2]
    marks = marks[:-1] if marks[1:] and marks[-1] is None else marks  # white space only where nothing else splits
    found = [(mark, [_fields(line, mark) for line in lines]) for mark in marks or DELIMITERS]
    fitting = [(mark, rows) for mark, rows in found if {len(row) for row in rows} == {max(3, len(rows[0]))}]
    judged = [(mark, rows) for mark, rows in fitting if _places_of_numbers(rows)]
    return (judged or fitting or [max(found, key=lambda one: len(one[1][0]))])[0]


def _fields(line: str, mark: str | None) -> list[str]:
    if mark in (",", ";") and '"' in line:
        try:
            return [field.strip() for field in next(csv.reader([line], delimiter=mark), [])]
        except csv.Error:
            pass
    return [field.strip() for field in line.split(mark)]


def _places_of_numbers(rows: list[list[str]]) -> list[int]:
    """The columns behind the words that hold a number in every row, or in every one but the first."""
    below = rows[1:] or rows
    return [k for k in range(2, len(rows[0])) if all(k < len(row) and _number(row[k]) is not None for row in below)]


def _score_place(name: str, rows: list[list[str]]) -> int:
    places = _places_of_numbers(rows) if len(rows[0]) > 3 else []
    if len(places) < 2:
        return places[0] if places else 2
    called = [k for k in places if _SCORE.match(rows[0][k])]
    if not called:
        raise DataError(
            f"{name} has {len(rows[0])} fields a line, {len(places)} of them numbers, where two words and a score are "
            "expected, and no header that says which is the score; give it those three columns"
        )
    return called[0]


def _check_fields(name: str, lines: list[tuple[int, str]], rows: list[list[str]], mark: str | None) -> None:
    width = max(3, len(rows[0]))
    for (number, _), fields in zip(lines, rows, strict=True):
        if len(fields) != width or not (fields[0] and fields[1]):
            found = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
            what = found if len(fields) != width else "an empty word"
            between = "white space" if mark is None else repr(mark)
            expected = "two words and a score are" if width == 3 else f"{width}, as on the first line, are"
            raise DataError(f"{name}, line {number}: {what} where {expected} expected, with {between} between them")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_analogies(file: str | os.PathLike[str]) -> tuple[str, dict[str, list[Question]]]:
    """Read sections, each a line `: name`, of questions, each a line `a b c d`: a is to b as c is to d.

    The file may be "-" for standard input; packed files are unpacked, and blank lines passed over.

    Returns:
        What errors call the file, and the questions of each section; two sections of one name become one.

    Raises:
        DataError: naming the file and the line, if a line has another number of words, or comes before the first
            section; or if there are no questions.
    """
    name, lines = lines_of(file, "sections ': name' of lines of four words")
    sections, section = dict[str, list[Question]](), None
    for number, line in lines:
        if line.startswith(":"):
            section = sections.setdefault(line[1:].strip(), [])
            continue
        words = line.split()
        if section is None:
            what = f"{quoted(line.strip())} comes before the first section"
            raise DataError(f"{name}, line {number}: {what}; write a line ': name' above it")
        if len(words) != 4:
            found = "1 word" if len(words) == 1 else f"{len(words)} words"
            raise DataError(f"{name}, line {number}: {found} where four are expected, as in 'man king woman queen'")
        section.append((words[0], words[1], words[2], words[3]))
    if not any(sections.values()):
        raise DataError(f"{name} has no questions; expected lines of four words")
    return name, sections
