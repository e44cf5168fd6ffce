"""What is being trained: tables, how their rows move, what updates keep beside them, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from rowspace.checkpoint.saved import Saved
from rowspace.errors import CheckpointError, DataError
from rowspace.system.mapped import changes_are_seen, take_room
from rowspace.tables.on_disk import first_slots
from rowspace.tables.table import Table, by_name
from rowspace.updates import Update, first_of

Key = tuple[Any, ...]  # tells chunks that are sorted in one way from others: names of columns, and options


class RateHistory:
    """Pieces of steps at constant rates, oldest first: piece p begins at step `since[p]`, its rates are `paces[:, p]`.

    `tables` says whose rate stands in which row of `paces`, which has room for more pieces than there are.

    >>> past = RateHistory()
    >>> past.extend(["E"], np.array([0, 5, 9]), np.array([[0.5], [0.5], [0.25]]))
    >>> past.since.tolist(), past.paces[0, :2].tolist()
    ([0, 9], [0.5, 0.25])
    """

    def __init__(self) -> None:
        self.tables: list[str] = []
        self.paces = np.zeros((0, 0), np.float32)
        self._since, self._count = np.zeros(0, np.int64), 0

    @classmethod
    def of_pieces(cls, tables: Sequence[str], since: np.ndarray, paces: np.ndarray) -> "RateHistory":
        """Of pieces (p,) and their rates (tables, p), as they were."""
        past = cls()
        past.tables, past._since, past.paces, past._count = list(tables), since, paces, len(since)
        return past

    def arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps of it, but for the names of the tables."""
        return {"past.since": self.since, "past.paces": self.paces[:, : self._count]} if self.tables else {}

    @property
    def since(self) -> np.ndarray:
        """(p,) int64."""
        return self._since[: self._count]

    def of(self, table: str) -> tuple[np.ndarray, np.ndarray]:
        """The pieces and the rates of one table."""
        place = self.tables.index(table)
        return self.since, self.paces[place : place + 1]

    def extend(self, tables: Sequence[str], since: np.ndarray, rates: np.ndarray) -> None:
        """Add pieces, with rates (p, tables); those at the rates of the piece before them are part of it."""
        if self.tables and self.tables != list(tables):
            raise CheckpointError(
                f"the checkpoint keeps the rates of the tables {', '.join(self.tables)}, in this order, and the "
                f"training has {', '.join(tables)}: it was altered; begin anew in another folder"
            )
        if not self.tables:
            self.tables, self.paces = list(tables), np.zeros((len(tables), 0), np.float32)
        rates = np.asarray(rates, np.float32)
        last = self.paces[:, self._count - 1] if self._count else np.full(len(tables), np.nan)  # equal to nothing
        new = np.flatnonzero((rates != np.vstack([last, rates[:-1]])).any(axis=1))
        self._make_room(len(new))
        here = slice(self._count, self._count + len(new))
        self._since[here], self.paces[:, here] = since[new], rates[new].T
        self._count += len(new)

    def forget(self, step: int) -> None:
        """Forget the pieces that end at or before a step: those that rows which have seen so many steps do not need.

        >>> past = RateHistory()
        >>> past.extend(["E"], np.array([0, 5, 9]), np.array([[0.5], [0.4], [0.3]]))
        >>> past.forget(7)
        >>> past.since.tolist(), past.paces.tolist()
        ([5, 9], [[0.4000000059604645, 0.30000001192092896]])
        """
        first = max(0, int(np.searchsorted(self.since, step, side="right")) - 1)
        if first:
            self._since, self.paces = self.since[first:].copy(), self.paces[:, first : self._count].copy()
            self._count -= first

    def _make_room(self, more: int) -> None:
        if self._count + more > len(self._since):
            room = self._count + 2 * more
            self._since = np.concatenate([self._since, np.zeros(room, np.int64)])
            self.paces = np.concatenate([self.paces, np.zeros((len(self.tables), room), np.float32)], axis=1)


@dataclass(frozen=True)
class Sample:
    """What of the first chunk decides how tables are cut.

    `examples` are its length, `gathered` whether they are to be gathered; `met` (n,) int32 tells for each id that
    decides how often every row occurs, in as much of the chunk as matters.
    """

    examples: int
    gathered: bool
    met: Sequence[np.ndarray]


@dataclass
class TrainState:
    """What is being trained, and how far.

    Args:
        tables: by the names that the cost calls them.
        updates: of the tables that are trained.
        slots: what updates keep beside the rows of those tables, (n, w) each; of an exact update, also how many steps
            each row has taken.
        examples: how many were trained on.
        steps: how many steps were taken: one an example, or one a batch.
        rates: of the steps that rows of exact updates may have to catch up with.
        samples: what decided how tables are cut, for chunks of each kind.
    """

    tables: dict[str, Table]
    updates: dict[str, Update]
    slots: dict[str, tuple[np.ndarray, ...]]
    examples: int = 0
    steps: int = 0
    rates: RateHistory = field(default_factory=RateHistory)
    samples: dict[Key, Sample] = field(default_factory=dict)

    @classmethod
    def begin(cls, tables: Mapping[str, Table], update: Update | Mapping[str, Update | None]) -> "TrainState":
        """The state before the first example; DataError when tables and updates do not fit together."""
        tables = by_name(tables)
        updates = by_table(update, tables)
        check_apart(tables, updates)
        for name in updates:
            if not tables[name].values.flags.writeable:
                raise DataError(f"table {name!r} is read-only; open it with mode='r+', or give it the update None")
            take_room(tables[name].values)
        return cls(tables, updates, {t: _first_slots(u, tables[t]) for t, u in updates.items()})

    def arrays_of(self, table: str) -> tuple[np.ndarray, ...]:
        """A table's values and what its update keeps beside them."""
        return self.tables[table].values, *self.slots.get(table, ())

    def is_exact(self, table: str) -> bool:
        """Whether rows of a table catch up with steps that they missed."""
        return table in self.updates and self.updates[table].exact

    def arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps: trained rows and their slots, the rates of steps, how often rows were met."""
        met = {_met(n, i): met for n, sample in enumerate(self.samples.values()) for i, met in enumerate(sample.met)}
        return {**self._trained(), **self.rates.arrays(), **met}

    def document(self) -> dict[str, Any]:
        """What a checkpoint says beside the arrays."""
        return {
            "trainer": {"examples": self.examples, "steps": self.steps},
            "past": self.rates.tables,
            "samples": [[list(key), s.examples, s.gathered, len(s.met)] for key, s in self.samples.items()],
        }

    def load(self, saved: Saved, missed: int) -> None:
        """Become the state that a checkpoint keeps; a row of an exact update may have `missed` so many steps at most.

        Raises:
            CheckpointError: if it does not fit this training, before anything is changed.
        """
        clock = saved.document["trainer"]
        _check_shapes(saved, self._trained())
        for table in filter(self.is_exact, self.updates):
            _check_seen(saved, f"{table}.state.{len(self.slots[table]) - 1}", clock["steps"], missed)
        rates, samples = self._saved_rates(saved), _saved_samples(saved)
        for name, array in self._trained().items():
            saved.read_into(name, array)
        self.rates, self.samples = rates, samples
        self.examples, self.steps = clock["examples"], clock["steps"]

    def _trained(self) -> dict[str, np.ndarray]:
        found = {f"{t}.values": self.tables[t].values for t in self.updates}
        return found | {f"{t}.state.{k}": a for t, slots in self.slots.items() for k, a in enumerate(slots)}

    def _saved_rates(self, saved: Saved) -> RateHistory:
        tables = saved.document["past"]
        if not tables:
            return RateHistory()
        if not set(self.updates) <= set(tables) <= set(self.tables):
            raise saved.unfit(f"it keeps the rates of the tables {', '.join(tables)}")
        since, paces = saved.array("past.since"), saved.array("past.paces")
        if not are_rates(since, paces, len(tables)):
            raise saved.unfit(f"the rates of its steps are {_shown(saved.shapes['past.paces'])}")
        if not are_in_order(since, saved.document["trainer"]["steps"]):
            raise saved.unfit("the rates of its steps are not in order")
        return RateHistory.of_pieces(tables, since, paces)


def by_table(update: Update | Mapping[str, Update | None], tables: Mapping[str, Table]) -> dict[str, Update]:
    """The update of each table that is trained; DataError where they are given for others."""
    if isinstance(update, Update):
        return dict.fromkeys(tables, update)
    if not isinstance(update, Mapping):
        raise DataError(
            f"the update is a {type(update).__name__}; give rs.sgd(0.01) or another update, or a dict of them"
        )
    differ = sorted(set(update) ^ set(tables))
    if differ:
        raise DataError(f"updates are given for {', '.join(update)}; the tables are {', '.join(tables)}")
    return {t: u for t, u in update.items() if u is not None}


def check_apart(tables: Mapping[str, Table], trained: Mapping[str, Update]) -> None:
    """Raise DataError if a table that is trained has rows of another."""
    for one, other in permutations(tables, 2):
        if one in trained and changes_are_seen(tables[one].values, tables[other].values):
            raise DataError(f"tables {one!r} and {other!r} are the same rows; give them one name in the cost")


def _first_slots(update: Update, table: Table) -> tuple[np.ndarray, ...]:
    seen = [np.zeros((len(table), 1), np.int64)] if update.exact else []  # how many steps each row has taken
    return *(first_slots(s, table.values) for s in first_of(update, table.dim)), *seen


# --- what a checkpoint keeps, checked before it is used: loops do not look where they write ---------------------------


def are_rates(since: np.ndarray, paces: np.ndarray, tables: int) -> bool:
    """Whether these are pieces, one at the least, and their rates for so many tables."""
    numbers = since.dtype == np.int64 and since.ndim == 1 and paces.dtype == np.float32
    return bool(numbers and len(since) and paces.shape == (tables, len(since)) and np.isfinite(paces).all())


def are_in_order(since: np.ndarray, steps: int) -> bool:
    """Whether pieces begin one after another, among so many steps."""
    return bool(since[0] >= 0 and (np.diff(since) > 0).all() and since[-1] <= steps)


def _check_shapes(saved: Saved, trained: Mapping[str, np.ndarray]) -> None:
    """Refuse a checkpoint with other arrays than those of this training."""
    expected = {name: (a.dtype.str, a.shape) for name, a in trained.items()}
    for name in expected:
        if name in saved.shapes and saved.shapes[name] != expected[name]:
            raise saved.unfit(f"{name} is {_shown(saved.shapes[name])}, and {_shown(expected[name])} is needed")
    met = {_met(n, i) for n, (*_, count) in enumerate(saved.document["samples"]) for i in range(count)}
    rates = ("past.since", "past.paces") if saved.document["past"] else ()
    others = sorted({*expected, *met, *rates} ^ saved.shapes.keys())
    if others:
        raise saved.unfit(f"it has other arrays than those of this training, such as {others[0]}")


def _check_seen(saved: Saved, name: str, steps: int, missed: int) -> None:
    """Refuse numbers of steps that rows cannot have taken, or missed."""
    seen = saved.array(name)
    if len(seen) and not max(0, steps - missed) <= seen.min() <= seen.max() <= steps:
        raise saved.unfit(f"{name} tells of steps that cannot have been taken, or missed")


def _saved_samples(saved: Saved) -> dict[Key, Sample]:
    found = {}
    for number, (key, examples, gathered, count) in enumerate(saved.document["samples"]):
        met = [saved.array(_met(number, i)) for i in range(count)]
        if any(a.dtype != np.int32 or a.ndim != 1 for a in met):
            raise saved.unfit("it counts rows in other things than whole numbers")
        found[tuple(key)] = Sample(examples, gathered, met)
    return found


def _met(sample: int, axis: int) -> str:
    return f"met.{sample}.{axis}"


def _shown(form: tuple[str, tuple[int, ...]]) -> str:
    dtype, shape = form
    return f"{np.dtype(dtype).name} of {' x '.join(map(str, shape))}"
