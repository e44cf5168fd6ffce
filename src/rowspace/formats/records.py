"""The records of word2vec's binary files: a name, a space and float32s, without a mark where one ends.

A name ends at its first space, unless gensim wrote it, whose names may hold spaces. Read up to the first space, such
a name leaves its rest among the numbers and some bytes of a number before the next name. So what looks wrong that way
is looked at again: is there another reading of the same bytes, in which less looks wrong, and after which the rest can
be read?
"""

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from rowspace.errors import FormatError
from rowspace.formats.source import check_finite, check_no_zero_byte, decoded
from rowspace.formats.spelling import Spelling

RECORDS_AT_ONCE = 1024  # looked at together
NAME_BYTES = 2**16  # of a name that holds spaces, at the most
GIVEN_UP_READINGS = 1000  # before all are given up
LEAST, GREATEST = np.array([1e-9, 1e5], np.float32).view(np.uint32)  # beyond, a number is more likely part of a name
_ODD = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")  # more likely a piece of a number than of a name


class Block(NamedTuple):
    """Some records: their names, (m, dim) values, which of them begin with a line end, and the byte after them."""

    names: list[bytes]
    values: np.ndarray
    breaks: list[bool]
    end: int


class _Step(NamedTuple):
    name: bytes
    row: np.ndarray
    begins_with_break: bool
    end: int


class Records:
    """The records, of `dim` numbers each, in the mapped bytes of a file, which errors call `path`."""

    def __init__(self, path: str | os.PathLike[str], data: Any, dim: int, spelling: Spelling) -> None:
        self._path, self._data, self._dim, self._spelling = path, data, dim, spelling

    def read(self, start: int, rows: int, whole: bool) -> tuple[list[str], np.ndarray]:
        """So many records from a byte on; if they are the `whole` file, nothing may follow them.

        Returns:
            The names, and (rows, dim) float32.

        Raises:
            FormatError: if there is no way to read them, or a name or a number that cannot be one.
        """
        names, values, breaks = list[bytes](), np.empty((rows, self._dim), np.float32), list[bool]()
        end = start
        while len(names) < rows:
            first, count = len(names), min(RECORDS_AT_ONCE, rows - len(names))
            last = whole and first + count == rows
            block = self._block(end, first, count, last)
            names += block.names
            breaks += block.breaks
            values[first : first + count], end = block.values, block.end
        found = decoded(names, self.where, self._spelling)
        check_no_zero_byte(found, self.where)
        check_finite(values, self.where)
        self._check_breaks(breaks, end)
        return found, values

    def where(self, i: int) -> str:
        """What errors call a record."""
        return f"{self._path}, record {i + 1}"

    def _block(self, start: int, first: int, count: int, last: bool) -> Block:
        block = self._to_first_spaces(start, count)
        if block and self._likely(block) and self._goes_on(block.end, last, self._may_be_name):
            return block
        found = self._searched(start, count, last)
        if found:
            return found
        if block is None:
            raise self._broken(start, first, count)
        if last and self._more_follows(block.end):
            raise FormatError(f"{self._path}, byte {block.end}: more follows the {first + count} rows of the header")
        if not self._likely(block) and all(block.names) and all(map(self._spelling.may_be, block.names)):
            raise FormatError(f"{self.where(first + count - 1)} is not followed by one; does a name hold spaces?")
        return block

    # --- one way to read

    def _to_first_spaces(self, start: int, count: int) -> Block | None:
        """The records if every name ends at its first space; None if the bytes end before."""
        data, names, breaks, at = self._data, list[bytes](), list[bool](), start
        values = np.empty((count, self._dim), np.float32)
        for i in range(count):
            breaks.append(data[at : at + 1] == b"\n")
            at += breaks[i]
            space = data.find(b" ", at)
            end = space + 1 + 4 * self._dim
            if space < 0 or end > len(data):
                return None
            names.append(data[at:space])
            values[i] = np.frombuffer(data[space + 1 : end], "<f4")
            at = end
        return Block(names, values, breaks, at)

    # --- all ways to read

    def _searched(self, start: int, count: int, last: bool) -> Block | None:
        """The first reading after which the rest can be read; at each record, what looks right is tried first."""
        ways, steps, given_up = [self._ways(start)], list[_Step](), 0
        while ways and given_up < GIVEN_UP_READINGS:
            step = next(ways[-1], None)
            if step is None:
                ways.pop()
                del steps[len(ways) - 1 :]
                given_up += 1
            elif len(ways) < count:
                steps.append(step)
                ways.append(self._ways(step.end))
            elif self._goes_on(step.end, last, self._spelling.may_be):
                names, rows, breaks, ends = zip(*steps, step, strict=True)
                return Block(list(names), np.stack(rows), list(breaks), ends[-1])
        return None

    def _ways(self, start: int) -> Iterator[_Step]:
        """The records that may begin at a byte: those that look right, of shorter names first, then the usual one."""
        usual, odd, part = None, list[_Step](), start + (self._data[start : start + 1] == b"\n")
        while step := self._step(start, part):
            usual = usual or step
            if not self._spelling.may_be(self._data[part : step.end - 4 * self._dim - 1]):
                break
            part = step.end - 4 * self._dim
            if not step.name or not _usual(step.row):
                continue
            if not self._may_be_name(step.name):
                odd.append(step)
                continue
            yield step
            if step is usual and self._goes_on(step.end, False, self._may_be_name):
                return
        yield from odd
        if usual and usual.name and self._spelling.may_be(usual.name) and not _usual(usual.row):
            yield usual

    def _step(self, start: int, part: int) -> _Step | None:
        """The record from a byte on whose name ends at the first space after another byte."""
        begins_with_break = self._data[start : start + 1] == b"\n"
        at = start + begins_with_break
        space = self._data.find(b" ", part, min(len(self._data) - 4 * self._dim, at + NAME_BYTES))
        if space < 0:
            return None
        end = space + 1 + 4 * self._dim
        row = np.frombuffer(self._data[space + 1 : end], "<f4")
        return _Step(self._data[at:space], row, begins_with_break, end)

    # --- whether it looks right

    def _likely(self, block: Block) -> bool:
        return all(block.names) and _usual(block.values) and self._may_be_name(b" ".join(block.names))

    def _may_be_name(self, part: bytes) -> bool:
        return self._spelling.may_be(part) and _ODD.search(part) is None

    def _goes_on(self, end: int, last: bool, may_be_name: Callable[[bytes], bool]) -> bool:
        """Whether one more record seems to begin where one ends, or nothing follows."""
        if last:
            return not self._more_follows(end)
        room = len(self._data) - end
        at = end + (self._data[end : end + 1] == b"\n")
        space = self._data.find(b" ", at, at + NAME_BYTES)
        return room < 2 or (room >= 2 + 4 * self._dim and may_be_name(self._data[at : max(at, space)]))

    def _more_follows(self, end: int) -> bool:
        return bool(self._data[end : end + 64].strip(b"\r\n"))

    def _check_breaks(self, breaks: list[bool], end: int) -> None:
        """Line ends are behind all records, as word2vec.c writes them, or behind none: else they belong to names."""
        every = any(breaks[1:2]) and self._data[end : end + 1] == b"\n"
        odd = [i for i, found in enumerate(breaks) if found != (every and i > 0)]
        if odd:
            raise FormatError(
                f"{self.where(odd[0])}: line ends are behind some records and not behind others; does the "
                "name begin with one? Rename it"
            )

    def _broken(self, start: int, first: int, count: int) -> FormatError:
        """The error for the record within which the bytes end."""
        ends = lambda i: self._to_first_spaces(start, i + 1) is None
        place = first + bisect_left(range(count), True, key=ends)
        return FormatError(f"{self.where(place)}: the file ends within it, at byte {len(self._data)}")


def _usual(values: np.ndarray) -> bool:
    sizes = values.view(np.uint32) & 0x7FFFFFFF  # as the sizes of the numbers are ordered, so are their bits
    # 0 is usual: one less, it is the largest
    return bool(sizes.max() <= GREATEST and (sizes - np.uint32(1)).min() >= LEAST - 1)
