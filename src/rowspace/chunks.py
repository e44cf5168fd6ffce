"""The data of a fit: chunks of columns, anew for every epoch."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rowspace.columns import Chunk, as_chunk, length
from rowspace.errors import DataError


class Chunks:
    """The data as chunks, once per epoch; `examples` is their number in an epoch, None until known.

    Data that `seeks` has a method `at(epoch, chunk)`: it may have other chunks in every epoch, and begins with any. Its
    `fingerprint`, a dict of texts, tells it from other data. Its `why_empty` says how it may be that an epoch has no
    example.
    """

    def __init__(self, data: Any, epochs: int) -> None:
        self.examples: int | None = None
        self.fingerprint: Mapping[str, str] = {}
        self.seeks = False
        self.why_empty: str = getattr(data, "why_empty", "the data gave no rows")
        self._chunks: Callable[[int, int], Iterable[Chunk]]
        if isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__"):
            whole = as_chunk(data)
            self.examples = length(whole)
            self._chunks = lambda epoch, chunk: [whole]
        elif hasattr(data, "at"):
            self._chunks, self.examples = lambda *at: map(as_chunk, data.at(*at)), getattr(data, "examples", None)
            self.fingerprint, self.seeks = _fingerprint(data), True
        elif callable(data):
            self._chunks, self.examples = lambda *at: map(as_chunk, data()), getattr(data, "examples", None)
        elif isinstance(data, Iterable) and not isinstance(data, str | bytes):
            if iter(data) is data and epochs > 1:
                raise DataError(
                    f"data is an iterator, which can be read once, and epochs is {epochs}; "
                    "give a list of chunks, or a function that gives an iterator"
                )
            self._chunks = lambda *at: map(as_chunk, data)
        else:
            as_chunk(data)  # says what it could be
        self.examples = None if self.examples is None else int(self.examples)

    def of_epoch(self, epoch: int, begun: int = 0) -> Iterator[tuple[int, Chunk]]:
        """The chunks of an epoch, numbered; where the data seeks, from the last of the first `begun` on."""
        first = max(0, begun - 1) if self.seeks else 0
        yield from enumerate(self._chunks(epoch, first), first)


def _fingerprint(data: Any) -> Mapping[str, str]:
    found = getattr(data, "fingerprint", {})
    if isinstance(found, Mapping) and all(isinstance(part, str) for item in found.items() for part in item):
        return found
    raise DataError(
        f"the fingerprint of {type(data).__name__} is a {type(found).__name__}; give a dict of texts by name"
    )
