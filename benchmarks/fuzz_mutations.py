"""Small changes to bytes: bits, spans, lines and fields, and what tends to hurt a reader put in their place."""

import re
from collections.abc import Callable, Sequence
from random import Random

Change = Callable[[bytes, Random], bytes]

LONG = b"x" * 10_000
HURTFUL = (
    *(b"", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b",", b";", b'"', b'""', b"'", b"\\", b"#", b":"),
    *(b"\0", b"\x1b[2J", b"\x7f", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80"),
    *("\u00e9".encode(), "e\u0301".encode(), "\u2028".encode(), "\u200f".encode(), "\U0001f600".encode()),
    *(b"0", b"1", b"-1", b"-0", b"1.5", b"1e39", b"-1e39", b"1e-50", b"1e999", b"nan", b"NaN", b"inf", b"-Infinity"),
    *(b"2147483647", b"2147483648", b"-2147483649", b"9223372036854775808", b"1" * 40, b"1_0", b"0x10", b"1,5"),
    *(b"null", b"true", b"[]", b"{}", b"[1]", b'{"a": 1}', b"[" * 2000, b'{"a":' * 2000, b'"\\ud800"', b'"\\u0000"'),
    *(LONG, LONG[:300], b"a b " * 500, b"\n" * 300, b"PAR1", b"ARROW1", b"\x93NUMPY", b"\x1f\x8b", b"BZh9"),
)
NUMBERS = (
    0,
    1,
    2,
    3,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
LONGEST = 60_000  # bytes: inputs stay small


def mutated(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """One to six changes, few as a rule; now and then none."""
    for _ in range(min(6, int(random.expovariate(0.5)))):
        if random.random() < 0.05:
            data = spliced(data, random.choice(others), random)
        else:
            data = random.choice(CHANGES)(data, random)
        data = data[:LONGEST]
    return data


def spliced(data: bytes, other: bytes, random: Random) -> bytes:
    """The beginning of one and the end of another."""
    return data[: _place(data, random)] + other[_place(other, random) :]


# --- bytes


def flip_bit(data: bytes, random: Random) -> bytes:
    at = _place(data, random)
    return data[:at] + bytes(byte ^ 1 << random.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]


def set_byte(data: bytes, random: Random) -> bytes:
    at = _place(data, random)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def set_number(data: bytes, random: Random) -> bytes:
    """A number of 1 to 8 bytes, of either end, over what stands there."""
    at, size = _place(data, random), random.choice((1, 2, 4, 8))
    number = random.choice(NUMBERS) % 256**size
    return data[:at] + number.to_bytes(size, random.choice(("little", "big"))) + data[at + size :]


def cut_off(data: bytes, random: Random) -> bytes:
    return data[: _place(data, random)]


def take_out(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def repeat(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 10)) + data[end:]


def put_in(data: bytes, random: Random) -> bytes:
    at = _place(data, random)
    return data[:at] + random.choice(HURTFUL) + data[at:]


def put_over(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + random.choice(HURTFUL) + data[end:]


# --- fields and lines


def set_field(data: bytes, random: Random) -> bytes:
    """Something hurtful in place of what stands between marks."""
    found = _matches(rb"[^\s,;:\[\]{}]+", data, random)
    if found is None:
        return put_in(data, random)
    return data[: found.start()] + random.choice(HURTFUL) + data[found.end() :]


def copy_field(data: bytes, random: Random) -> bytes:
    """One field in place of another: names twice, numbers where names were."""
    one, other = (_matches(rb"[^\s,;:\[\]{}]+", data, random) for _ in range(2))
    if one is None or other is None:
        return repeat(data, random)
    return data[: one.start()] + other[0] + data[one.end() :]


def drop_line(data: bytes, random: Random) -> bytes:
    return _lines_changed(data, random, lambda lines, k: lines[:k] + lines[k + 1 :])


def repeat_line(data: bytes, random: Random) -> bytes:
    many = random.choice((1, 1, 2, 30))
    return _lines_changed(data, random, lambda lines, k: lines[:k] + lines[k : k + 1] * many + lines[k:])


def move_line(data: bytes, random: Random) -> bytes:
    return _lines_changed(data, random, lambda lines, k: [*lines[k : k + 1], *lines[:k], *lines[k + 1 :]])


def other_line_ends(data: bytes, random: Random) -> bytes:
    return data.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b" \n", b"\n\r")), random.choice((1, -1)))


CHANGES: tuple[Change, ...] = (
    *(flip_bit, set_byte, set_number, cut_off, take_out, repeat, put_in, put_over),
    *(set_field, set_field, copy_field, drop_line, repeat_line, move_line, other_line_ends),
)


def _place(data: bytes, random: Random) -> int:
    """Anywhere; often near the beginning or the end, where readers look first."""
    kind = random.random()
    if kind < 0.2:
        return min(len(data), int(random.expovariate(0.1)))
    if kind < 0.4:
        return max(0, len(data) - int(random.expovariate(0.05)))
    return random.randint(0, len(data))


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = _place(data, random)
    return start, min(len(data), start + 1 + int(random.expovariate(random.choice((0.5, 0.05)))))


def _matches(pattern: bytes, data: bytes, random: Random) -> re.Match[bytes] | None:
    found = list(re.finditer(pattern, data[:4096]))
    return random.choice(found) if found else None


def _lines_changed(data: bytes, random: Random, change: Callable[[list[bytes], int], list[bytes]]) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(change(lines, random.randrange(len(lines)))) if lines else data
