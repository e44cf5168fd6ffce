"""Where a fit stands between two windows: what a checkpoint says of it, and a resumed fit begins with."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Where in an epoch's data the next window begins.

    `chunk` is its chunk, which begins at example `first` of the epoch, and `entry` the entry of the chunk. `mark` tells
    the data up to the chunk last begun from other data, if anybody asked for marks.
    """

    chunk: int = 0
    first: int = 0
    entry: int = 0
    mark: str = ""

    @property
    def begun(self) -> int:
        """How many chunks are begun."""
        return self.chunk + (self.entry > 0)


@dataclass(frozen=True)
class Cursor:
    """Where a fit is: its epoch, from 0, and the place in the epoch; what the epoch has added up to so far.

    `done` are the examples of this fit, of which `before` were done before this epoch; `total` is the sum of `counted`
    costs of the epoch, in `seconds`.
    """

    epoch: int = 0
    place: Place = field(default_factory=Place)
    done: int = 0
    before: int = 0
    total: float = 0.0
    counted: int = 0
    seconds: float = 0.0
