"""What is worth knowing and stops nothing: what is slow, was left out or could not be kept, and why."""

import warnings


class RowspaceWarning(UserWarning):
    """The root: `warnings.simplefilter("ignore", rs.RowspaceWarning)` silences all that rowspace warns of."""


class SlowCost(RowspaceWarning):
    """A cost that runs through PyTensor's own operations because one of them has no loop."""

    @classmethod
    def warn(cls, cost: str, operation: str) -> None:
        """Warn that `operation` makes `cost` slow."""
        message = (
            f"{operation} in the cost {cost!r} has no compiled loop, so every example runs through PyTensor's own "
            "operations: a few seconds to begin with, then about a millisecond for each example, some thousand times "
            "slower than a loop; 'What has no loop' in docs/costs-and-updates.md lists such operations"
        )
        warnings.warn(cls(message), stacklevel=4)


class Unsimplified(RowspaceWarning):
    """A cost that PyTensor's rewriting, or our own, would have changed, so that it runs as it was written."""

    @classmethod
    def warn(cls, name: str) -> None:
        """Warn that `name` is not simplified."""
        message = (
            f"{name} computed other numbers once it was simplified, a fault of PyTensor's or ours; it runs as it was "
            "written, which may be slower: please report it, see docs/known-faults.md"
        )
        warnings.warn(cls(message), stacklevel=2)


class Sequential(RowspaceWarning):
    """A cost that runs in file order though blocks were asked for, as it does not fit them."""

    @classmethod
    def warn(cls, cost: str, reason: str) -> None:
        """Warn that `cost` runs in file order, and why."""
        message = f"the cost {cost!r} runs in file order, since {reason}; schedule='sequential' does so without a word"
        warnings.warn(cls(message), stacklevel=2)


class SlowTable(RowspaceWarning):
    """A table on disk that the system moves in and out of memory a page at a time, as its cost does not fit blocks."""

    @classmethod
    def warn(cls, cost: str, reason: str, size: int, memory: int) -> None:
        """Warn that `cost` will be slow on tables of `size` bytes, unless they fit in memory."""
        if size <= memory:
            return
        message = (
            f"the cost {cost!r} takes the table on disk ({size / 1e9:.1f} GB, for {memory / 1e9:.1f} GB of memory) in "
            f"the order of the examples, a page at a time, which is slow, since {reason}"
        )
        warnings.warn(cls(message), stacklevel=2)


class OverMemory(RowspaceWarning):
    """Memory given to tables on disk that is less than they need even a few blocks at a time."""

    @classmethod
    def warn(cls, memory: int, needed: int) -> None:
        """Warn that `memory` bytes will not do where `needed` are."""
        message = (
            f"memory is {memory / 1e6:,.0f} MB, and this process with the fewest rows it can train on takes about "
            f"{needed / 1e6:,.0f} MB: give so many, or it takes more than it was given"
        )
        warnings.warn(cls(message), stacklevel=2)


class NoExamples(RowspaceWarning):
    """Epochs that met no example: they taught nothing and have no cost."""

    @classmethod
    def warn(cls, empty: int, epochs: int, why: str) -> None:
        """Warn that some of so many epochs met no example, and why."""
        which = "no epoch met an example" if empty == epochs else f"{empty:,} of {epochs:,} epochs met no example"
        warnings.warn(cls(f"{which}: {why}"), stacklevel=4)


class UnusedColumn(RowspaceWarning):
    """A column called as what it could be used for, which nobody asked for."""

    @classmethod
    def warn(cls, source: str, column: str) -> None:
        """Warn that `column` is not used, and how it would be."""
        role = column.casefold()
        message = f"{source}: the column {column!r} is not used; {role}={column!r} (--{role}) would use it"
        warnings.warn(cls(message), stacklevel=4)


class Padded(RowspaceWarning):
    """A text with spaces beside its delimiters, in every row."""

    @classmethod
    def warn(cls, source: str) -> None:
        """Warn that they are left out."""
        message = f"{source}: spaces stand beside the delimiters of every row, and are left out of names"
        warnings.warn(cls(message), stacklevel=2)


class MissingLetters(RowspaceWarning):
    """Names in a picture with letters that no font of this machine has: boxes are drawn in their place."""

    @classmethod
    def warn(cls, letters: str) -> None:
        """Warn that `letters` are missing, and what has them."""
        shown = letters if len(letters) <= 12 else f"{letters[:12]} and {len(letters) - 12:,} more"
        message = (
            f"no font here has the letters {shown}, so boxes are drawn in their place; install one that has them, such "
            "as Noto Sans (CJK, Arabic, ...) or Noto Emoji, or write .svg or .html, which other machines' fonts show"
        )
        warnings.warn(cls(message), stacklevel=5)


class Unkept(RowspaceWarning):
    """The last checkpoint of a training that came to its end, which could not be written."""

    @classmethod
    def warn(cls, folder: str, why: Exception) -> None:
        """Warn that the end of a training is not in its folder of checkpoints, and why."""
        message = (
            f"the training came to its end, and its last checkpoint could not be written to {folder}: {why}. Its "
            "tables are trained: save them; resumed from that folder, it would go on from the checkpoint before"
        )
        warnings.warn(cls(message), stacklevel=2)


class Uncached(RowspaceWarning):
    """A cache of kernels that is not used, since somebody else could have put code of theirs into it."""

    @classmethod
    def warn(cls, path: str, why: str) -> None:
        """Warn that the cache is not used, why, and what to do."""
        message = (
            f"{path} {why}, so no kernel is taken from it and each is compiled anew; chmod -R go-w it, remove it if it "
            "is not yours, or name a folder of your own in ROWSPACE_CACHE"
        )
        warnings.warn(cls(message), stacklevel=2)


class OnHost(RowspaceWarning):
    """A table in a torch model that was moved to another device: its rows stay in this machine's memory."""

    @classmethod
    def warn(cls, device: str) -> None:
        """Warn that a model went to `device` without its tables."""
        message = (
            f"the tables of this model stay in this machine's memory, where rowspace steps their rows; rows that are "
            f"looked up are copied to {device}"
        )
        warnings.warn(cls(message), stacklevel=4)


class Elsewhere(RowspaceWarning):
    """A training that goes on with another processor or other versions than it began with; its bytes may differ."""


class OlderCheckpoint(RowspaceWarning):
    """A checkpoint that is damaged, so that a training goes on from the one before."""


class Waiting(RowspaceWarning):
    """A folder that another process is writing to, whose end is waited for."""
