"""What can go wrong, as a tree of exceptions: every one says what was given, what was expected and what to do.

- `warnings.py`: what is worth knowing and stops nothing.
- `quoting.py`: how errors show what was given.
- `checks.py`: numbers, paths, words and objects that users give.
- `unused.py`: options that have no effect beside the others.
"""

from rowspace.errors.warnings import Elsewhere as Elsewhere
from rowspace.errors.warnings import MissingLetters as MissingLetters
from rowspace.errors.warnings import NoExamples as NoExamples
from rowspace.errors.warnings import OlderCheckpoint as OlderCheckpoint
from rowspace.errors.warnings import OnHost as OnHost
from rowspace.errors.warnings import OverMemory as OverMemory
from rowspace.errors.warnings import Padded as Padded
from rowspace.errors.warnings import RowspaceWarning as RowspaceWarning
from rowspace.errors.warnings import Sequential as Sequential
from rowspace.errors.warnings import SlowCost as SlowCost
from rowspace.errors.warnings import SlowTable as SlowTable
from rowspace.errors.warnings import Uncached as Uncached
from rowspace.errors.warnings import Unkept as Unkept
from rowspace.errors.warnings import Unsimplified as Unsimplified
from rowspace.errors.warnings import UnusedColumn as UnusedColumn
from rowspace.errors.warnings import Waiting as Waiting


class RowspaceError(Exception):
    """The root: `except rs.RowspaceError` catches all that rowspace raises on purpose."""

    def __str__(self) -> str:
        # KeyError would show the repr of its message; people read these.
        return str(self.args[0]) if self.args else ""


class UnknownItem(RowspaceError, KeyError):
    """A name that is not in the table."""


class IdOutOfRange(RowspaceError, IndexError):
    """An id below -n or at least n, where n is the number of rows."""


class ShapeError(RowspaceError, ValueError):
    """An array whose shape or dtype is not the one needed."""


class DataError(RowspaceError, ValueError):
    """A column or file of examples that cannot be trained on."""


class CostError(RowspaceError, ValueError):
    """A cost that cannot be traced, cut at its lookups or differentiated."""


class GradientError(RowspaceError, AssertionError):
    """A gradient that differs from finite differences."""


class Diverged(RowspaceError, ArithmeticError):
    """Training met a cost or a row that is not a finite number."""


class FormatError(RowspaceError, ValueError):
    """A file of another tool that cannot be read, or a name that its format cannot hold."""


class ModelError(RowspaceError, ValueError):
    """A folder that is not a model, or cannot be written as one."""


class CheckpointError(RowspaceError, ValueError):
    """A checkpoint that is damaged, or not of the training that is to be resumed."""


class Locked(RowspaceError, BlockingIOError):
    """A folder that another process is writing to."""


class ReadOnly(RowspaceError, ValueError):
    """An assignment to rows that are mapped read-only."""


class DiskFull(RowspaceError, OSError):
    """A file that did not fit on its disk."""

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.errno = number


class TooLarge(RowspaceError, MemoryError):
    """More memory asked for than the machine has."""
