"""The data of a fit: chunks of columns, anew for every epoch."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.frames import Frame
from rowspace.columns.input import as_chunk, chunk_of
from rowspace.errors import DataError


class Data:
    """The data as chunks of the columns that are used, once per epoch; `examples` is their number, None until known.

    Data that `seeks` has a method `at(epoch, chunk)`: it may have other chunks in every epoch, and begins with any. Its
    `fingerprint`, a dict of texts, tells it from other data. Its `why_empty` says how it may be that an epoch has no
    example.
    """

    def __init__(self, data: Any, epochs: int, used: Collection[str]) -> None:
        self.examples: int | None = None
        self.fingerprint: Mapping[str, str] = {}
        self.seeks = False
        self.why_empty: str = getattr(data, "why_empty", "the data gave no rows")
        self._chunks: Callable[[int, int], Iterable[Chunk]]
        taken, frame = partial(as_chunk, used=used), None if callable(data) else Frame.of(data)
        if frame is not None:
            whole = chunk_of(frame, used)
            self.examples = length(whole) if set(used) & set(whole) else None
            self._chunks = lambda epoch, chunk: [whole]
        elif hasattr(data, "at"):
            self._chunks, self.examples = lambda *at: map(taken, data.at(*at)), getattr(data, "examples", None)
            self.fingerprint, self.seeks = _fingerprint(data), True
        elif callable(data):
            self._chunks, self.examples = lambda *at: map(taken, _called(data)), getattr(data, "examples", None)
        elif isinstance(data, Iterable) and not isinstance(data, str | bytes):
            if iter(data) is data and epochs > 1:
                raise DataError(
                    f"data is an iterator, which can be read once, and epochs is {epochs}; "
                    "give a list of chunks, or a function that gives an iterator"
                )
            self._chunks = lambda *at: map(taken, data)
        else:
            as_chunk(data, used)  # says what it could be
        self.examples = None if self.examples is None else int(self.examples)

    def of_epoch(self, epoch: int, begun: int = 0) -> Iterator[tuple[int, Chunk]]:
        """The chunks of an epoch, numbered; where the data seeks, from the last of the first `begun` on."""
        first = max(0, begun - 1) if self.seeks else 0
        yield from enumerate(self._chunks(epoch, first), first)


def _called(data: Callable[[], Any]) -> Iterable[Any]:
    try:
        found = data()
    except TypeError as error:
        raise DataError(f"data is a function that cannot be called without arguments: {error}") from error
    if not isinstance(found, Iterable) or isinstance(found, str | bytes | Mapping):
        raise DataError(
            f"the function that gives data gave a {type(found).__name__}; it must give an iterator of chunks"
        )
    return found


def _fingerprint(data: Any) -> Mapping[str, str]:
    found = getattr(data, "fingerprint", {})
    if isinstance(found, Mapping) and all(isinstance(part, str) for item in found.items() for part in item):
        return found
    raise DataError(
        f"the fingerprint of {type(data).__name__} is a {type(found).__name__}; give a dict of texts by name"
    )
