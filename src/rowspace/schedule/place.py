"""A place in an epoch's data, between two plans."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in an epoch's data the next plan begins.

    Args:
        chunk: which chunk of the epoch.
        first: the example of the epoch that this chunk begins with.
        entry: of the chunk.
        mark: tells the chunk last begun from other data, if anybody asked for that.
    """

    chunk: int = 0
    first: int = 0
    entry: int = 0
    mark: str = ""

    @property
    def begun(self) -> int:
        """How many chunks are begun."""
        return self.chunk + (self.entry > 0)
