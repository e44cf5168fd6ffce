"""The data of a fit: chunks of columns, anew for every epoch."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.frames import Frame
from rowspace.columns.input import as_chunk, chunk_of
from rowspace.errors import DataError


@dataclass
class Data:
    """The data of a fit as chunks of the columns that are used.

    Args:
        chunks: gives the chunks of an epoch from one of them on, both counted from 0.
        examples: how many an epoch has; None until that is known.
        fingerprint: texts by name that tell the data from others.
        seeks: whether every epoch may have other chunks, and may begin with any of them.
        why_empty: how it may be that an epoch has no example.
    """

    chunks: Callable[[int, int], Iterable[Chunk]]
    examples: int | None = None
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    seeks: bool = False
    why_empty: str = "the data gave no rows"

    @classmethod
    def of(cls, data: Any, epochs: int, used: Collection[str]) -> "Data":
        """What a user handed in: a frame, a list of them, a function that gives such, or what has a method `at`.

        Raises:
            DataError: where it is none of these, or can be read but once.
        """
        found = cls._of(data, epochs, used)
        return replace(found, why_empty=getattr(data, "why_empty", found.why_empty))

    @classmethod
    def _of(cls, data: Any, epochs: int, used: Collection[str]) -> "Data":
        taken, frame = partial(as_chunk, used=used), None if callable(data) else Frame.of(data)
        if frame is not None:
            whole = chunk_of(frame, used)
            return cls(lambda epoch, chunk: [whole], length(whole) if set(used) & set(whole) else None)
        if hasattr(data, "at"):
            every = _examples(data), _fingerprint(data)
            return cls(lambda epoch, chunk: map(taken, data.at(epoch, chunk)), *every, seeks=True)
        if callable(data):
            return cls(lambda epoch, chunk: map(taken, _called(data)), _examples(data))
        if not isinstance(data, Iterable) or isinstance(data, str | bytes):
            as_chunk(data, used)  # says what it could be
        if iter(data) is data and epochs > 1:
            raise DataError(
                f"data is an iterator, which can be read once, and epochs is {epochs}; "
                "give a list of chunks, or a function that gives an iterator"
            )
        return cls(lambda epoch, chunk: map(taken, data))

    def of_epoch(self, epoch: int, begun: int = 0) -> Iterator[tuple[int, Chunk]]:
        """The chunks of an epoch, numbered; where the data seeks, from the last of the first `begun` on."""
        first = max(0, begun - 1) if self.seeks else 0
        yield from enumerate(self.chunks(epoch, first), first)


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


def _examples(data: Any) -> int | None:
    examples = getattr(data, "examples", None)
    return None if examples is None else int(examples)


def _fingerprint(data: Any) -> Mapping[str, str]:
    found = getattr(data, "fingerprint", {})
    if isinstance(found, Mapping) and all(isinstance(part, str) for item in found.items() for part in item):
        return found
    raise DataError(
        f"the fingerprint of {type(data).__name__} is a {type(found).__name__}; give a dict of texts by name"
    )
