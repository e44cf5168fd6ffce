"""Files of word pairs that people have judged: two words and a score a line."""

import math
import os
from dataclasses import dataclass

from rowspace.errors import DataError
from rowspace.names import shown
from rowspace.read.content import lines_of


@dataclass(frozen=True)
class WordPairs:
    """Pairs of words and their scores; `header` is a first line that was taken for one, or None."""

    file: str
    pairs: list[tuple[str, str]]
    scores: list[float]
    header: str | None = None


def read_word_pairs(file: str | os.PathLike[str], delimiter: str = "\t") -> WordPairs:
    """Read a file such as WordSim-353 or SimLex-999: `word<TAB>word<TAB>score`, a pair a line.

    Lines that are blank or begin with # are passed over. A first line whose score is no number is taken for a header.

    Args:
        file: the file, or "-" for standard input; packed files are unpacked.
        delimiter: what stands between the fields.

    Raises:
        DataError: naming the file and the line, if a line has another number of fields, an empty word, or a score that
            is not a finite number; or if there are no pairs.
    """
    if not isinstance(delimiter, str) or not delimiter:
        raise DataError(f"delimiter is {shown(delimiter)}; give text, such as a tab or a comma")
    name, lines = lines_of(file, "lines of two words and a score")
    pairs, scores, header = list[tuple[str, str]](), list[float](), None
    for number, line in lines:
        if line.startswith("#"):
            continue
        one, other, score = _fields(f"{name}, line {number}", line, delimiter)
        value = _number(score)
        if value is None and not pairs and header is None:
            header = line
        elif value is None:
            raise DataError(f"{name}, line {number}: the score {shown(score)} is not a finite number")
        else:
            pairs.append((one, other))
            scores.append(value)
    if not pairs:
        raise DataError(f"{name} has no pairs; expected lines of two words and a score")
    return WordPairs(name, pairs, scores, header)


def _fields(where: str, line: str, delimiter: str) -> tuple[str, str, str]:
    fields = [field.strip() for field in line.split(delimiter)]
    if len(fields) != 3 or not (fields[0] and fields[1]):
        found = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
        what = found if len(fields) != 3 else "an empty word"
        raise DataError(f"{where}: {what} where two words and a score are expected, with {delimiter!r} between them")
    return fields[0], fields[1], fields[2]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
