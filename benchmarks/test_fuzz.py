"""The fuzzer finds what it is meant to find, and counts it."""

import os
import time
from pathlib import Path
from random import Random

import fuzz
import fuzz_input
import pytest
from fuzz_formats import FORMATS, Format
from fuzz_mutations import CHANGES, mutated

from rowspace.errors import DataError


def reader(read):
    return Format([{"file": b"some words\n" * 9}], lambda folder, random: read(), lambda files, seeds, random: files)


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def raising(error):
    def read():
        raise error

    return read


def holding(size):
    return lambda: bytearray(os.urandom(1000) * (size // 1000)) and None


WRONG = {
    "another exception": (raising(KeyError("x")), "KeyError"),
    "a long message": (raising(DataError("x" * 5000)), "a message of 5000 characters"),
    "a message that is not printable": (raising(DataError("a\x1b[2J")), r"a message with"),
    "a long time": (lambda: burn(9), "TooLong"),
    "much memory": (holding(100_000_000), "held"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found(tmp_path, monkeypatch, what):
    import signal

    monkeypatch.setattr(fuzz_input, "SECONDS", 0.5)
    signal.signal(signal.SIGPROF, fuzz_input.on_time_out)
    read, found = WRONG[what]
    assert found in fuzz_input.tried(reader(read), what, 0, 0, tmp_path).found


def test_what_is_right_is_counted(tmp_path):
    ended = fuzz_input.tried(reader(lambda: None), "right", 0, 0, tmp_path)
    assert (ended.found, ended.refused) == ("", False)
    ended = fuzz_input.tried(reader(raising(DataError("no"))), "right", 0, 0, tmp_path)
    assert (ended.found, ended.refused) == ("", True)


def test_crashes_and_hangs_are_counted_and_the_rest_is_done(monkeypatch):
    def some(read, every):
        count = iter(range(10**9))
        return lambda: read() if next(count) % every == every - 1 else None

    crashing, hanging = reader(some(os.abort, 50)), reader(some(lambda: time.sleep(99), 90))
    monkeypatch.setattr(fuzz, "METHOD", "fork")  # so that the processes have these formats
    monkeypatch.setattr(fuzz, "SILENT", 5.0)
    monkeypatch.setattr(fuzz, "FORMATS", {"crashing": crashing, "hanging": hanging})
    tallies = fuzz.fuzz(["crashing", "hanging"], 100, 0, 2, None)
    assert (tallies["crashing"].inputs, tallies["hanging"].inputs) == (100, 100)
    assert (tallies["crashing"].crashes, tallies["crashing"].hangs) == (3, 0)
    assert (tallies["hanging"].crashes, tallies["hanging"].hangs) == (0, 1)
    assert tallies["crashing"].read == 97
    assert "| all | 200 |" in fuzz.table(tallies)


def test_an_input_can_be_had_again():
    for name, one in FORMATS.items():
        assert one.draw(Random(name)) == one.draw(Random(name))


def test_changes_change():
    data = b"one,two\nthree,four\n" * 5
    for change in CHANGES:
        assert any(change(data, Random(k)) != data for k in range(20)), change.__name__
        change(b"", Random(0))
    assert len({mutated(data, [data], Random(k)) for k in range(100)}) > 50


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_some_and_refuses_some(tmp_path: Path, name):
    ended = [fuzz_input.tried(FORMATS[name], name, number, 0, tmp_path) for number in range(-10, 150)][10:]
    assert not [one.found for one in ended if one.found]
    assert 0 < sum(one.refused for one in ended) < len(ended)
