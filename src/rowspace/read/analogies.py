"""Files of analogies, as word2vec's `questions-words.txt`: sections of four words a line."""

import os

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.content import lines_of

Question = tuple[str, str, str, str]


def read_analogies(file: str | os.PathLike[str]) -> tuple[str, dict[str, list[Question]]]:
    """Read sections, each a line `: name`, of questions, each a line `a b c d`: a is to b as c is to d.

    Args:
        file: the file, or "-" for standard input; packed files are unpacked. Blank lines are passed over.

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
