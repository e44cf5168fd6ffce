"""The data of a fit: chunks of columns, anew for every epoch."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rowspace.columns import Chunk, as_chunk, length
from rowspace.errors import DataError


class Chunks:
    """The data as chunks, once per epoch; `examples` is their number in an epoch, None until known."""

    def __init__(self, data: Any, epochs: int) -> None:
        self.examples: int | None = None
        self._chunks: Callable[[], Iterable[Chunk]]
        if isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__"):
            whole = as_chunk(data)
            self.examples = length(whole)
            self._chunks = lambda: [whole]
        elif callable(data):
            self._chunks, self.examples = lambda: map(as_chunk, data()), getattr(data, "examples", None)
        elif isinstance(data, Iterable) and not isinstance(data, str | bytes):
            if iter(data) is data and epochs > 1:
                raise DataError(
                    f"data is an iterator, which can be read once, and epochs is {epochs}; "
                    "give a list of chunks, or a function that gives an iterator"
                )
            self._chunks = lambda: map(as_chunk, data)
        else:
            as_chunk(data)  # says what it could be

    def __iter__(self) -> Iterator[Chunk]:
        yield from self._chunks()
