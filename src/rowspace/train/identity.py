"""What a training is compared by with the one that it goes on with: settings as texts, costs and data by digests."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.data import Data
from rowspace.columns.digests import digest_of_columns, how_drawn, what_differs
from rowspace.errors import CheckpointError
from rowspace.errors.quoting import one_line
from rowspace.kernel.graph.objects import digest_of_text
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.source_cache import digests_of_update
from rowspace.schedule.options import ScheduleOptions
from rowspace.schedule.pacing import RATE_STEPS
from rowspace.state import TrainState
from rowspace.system.digests import digest_of, digest_of_texts
from rowspace.tables.on_disk import is_on_disk
from rowspace.updates import Update
from rowspace.version import __version__

_DIGEST = re.compile("[0-9a-f]{32,}")
_NOT_COMPARED = {"the part of rowspace that writes loops"}  # kept by checkpoints of before the loops themselves were


def settings(state: TrainState, data: Data, options: ScheduleOptions) -> dict[str, str]:
    """What a fit depends on beside costs and data: texts, by what people call them."""
    found = {"the version of rowspace": __version__, "the tables": ", ".join(state.tables)}
    for name in ("epochs", "seed", "shuffle", "schedule", "blocks", "batch"):
        found[name] = str(getattr(options, name))
    if options.portable:
        found["portable"] = "True"
    for name, table in state.tables.items():
        found[f"the shape of table {name}"] = f"{table.shape[0]} x {table.shape[1]}"
        found[f"the place of table {name}"] = "on disk" if is_on_disk(table.values) else "in memory"
        named = f"{len(table)} names, " if table.names is not None else "none, "
        found[f"the names of table {name}"] = named + digest_of_texts(table.names or [])
        update = state.updates.get(name)
        found[f"the update of table {name}"] = "none" if update is None else update.name
        if update is None:
            found[f"the values of table {name}"] = digest_of(table.values)
        else:
            found[f"the steps of the update of table {name}"] = _steps(name, update, table.dim)
            found[f"the rate of table {name}"] = _rates(update)
    return found | {f"the data's {name}": text for name, text in data.fingerprint.items()}


def check_same(before: Mapping[str, str], now: Mapping[str, str], folder: object) -> None:
    """Refuse to resume what has other settings; CheckpointError names them all."""
    differ = [n for n in {**before, **now} if n not in _NOT_COMPARED and before.get(n) != now.get(n)]
    if "the tables" in differ:
        differ = [name for name in differ if name in before and name in now]
    if differ:
        told = "; ".join(_told(name, before.get(name), now.get(name)) for name in differ)
        raise CheckpointError(
            f"this is not the training of {folder}: {told}; resume it with the settings that it was begun with"
        )


def _told(name: str, before: str | None, now: str | None) -> str:
    """What a setting is and was; of a digest, which says nothing to people, the beginning."""
    shown = [one_line(_DIGEST.sub(lambda found: f"mark {found[0][:8]}", text or "none")) for text in (before, now)]
    return f"{one_line(name)}: {shown[1]}, was {shown[0]}"


def _steps(table: str, update: Update, dim: int) -> str:
    """A digest of an update's steps and of the slots that they begin with."""
    found = digests_of_update(update, dim)
    if found.untold:
        raise CheckpointError(
            f"the update {update.name!r} of table {table} holds {found.untold}, which a resumed training could not "
            "tell from another; train without checkpoints, or write it with constants"
        )
    return digest_of_text(str(found))


def _rates(update: Update) -> str:
    """The values of a rate over the training: the first and the last, and a digest of all that are ever used."""
    rates = [update.rate(done) for done in np.linspace(0, 1, RATE_STEPS + 1).tolist()]
    first, last = rates[0], rates[-1]
    if rates == [first] * len(rates):
        return f"{first!r}"
    return f"{first!r} to {last!r} (by way of {digest_of(np.array(rates))})"


class DigestCheck:
    """Compares costs, their loops and data by digests: with those of the fit that is resumed, and epoch with epoch.

    Args:
        seeks: whether the data may differ from epoch to epoch, and an epoch may begin with any chunk of them.
        known: the digests that a checkpoint keeps, or None for a fit from the beginning.
        wanted: whether anything is to be compared.
    """

    def __init__(self, seeks: bool, known: Mapping[str, Any] | None = None, *, wanted: bool = True) -> None:
        self.seeks, self.wanted, self._resumed = seeks, wanted, known is not None
        known = known or {"costs": {}, "drawn": [], "chunks": [], "whole": False}
        # by the digest of a cost's structure: that of its values, its name, and, if it was kept, that of its loops
        self.costs: dict[str, list[str]] = dict(known["costs"])
        self.drawn = set(known["drawn"])  # how ids are drawn
        self.chunks: list[str] = list(known["chunks"])  # the same in every epoch, where the data do not seek
        self.whole: bool = known["whole"]  # whether the epoch has no other chunks
        self._kept = len(self.chunks)  # of these, how many are those of the checkpoint

    def document(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"costs": self.costs, "drawn": sorted(self.drawn), "chunks": self.chunks, "whole": self.whole}

    def of(self, kernel: Kernel, columns: Chunk, sources: Sequence[str]) -> str:
        """The digest of a chunk.

        Args:
            kernel: its loop.
            columns: as the loop takes them.
            sources: the texts of all loops that run over it.

        Raises:
            CheckpointError: if a resumed fit has another cost, runs other loops, or draws otherwise.
        """
        self._meet_cost(kernel, digest_of_texts(sources))
        drawn = how_drawn(columns)
        if self._resumed and drawn not in self.drawn:
            known = one_line(" or ".join(sorted(self.drawn)))
            raise CheckpointError(
                f"the ids drawn are not those of the checkpoint: {drawn or 'none'}, were {known or 'none'}"
            )
        self._resumed = False
        self.drawn.add(drawn)
        return digest_of_columns(columns)

    def _meet_cost(self, kernel: Kernel, loops: str) -> None:
        """Compare a cost and the digest of its loops with those before, or remember them."""
        cost, shown = kernel.digests, f"{kernel.name!r} of {_shown(kernel)}"
        if cost.untold:
            raise CheckpointError(
                f"the cost {kernel.name!r} holds {cost.untold}, which a resumed training could not tell from "
                "another; train without checkpoints, or give it as a column or a constant"
            )
        if self._resumed and cost.structure not in self.costs:
            raise CheckpointError(
                f"the cost {shown} is not that of the checkpoint: its mark is {cost.structure[:8]}; "
                f"it was {self._known_costs()}"
            )
        before, _, *loops_before = self.costs.get(cost.structure, [cost.values, shown])
        if before != cost.values:
            raise CheckpointError(
                f"constants or shared variables in the cost {kernel.name!r} have other values than those of the "
                f"checkpoint (mark {cost.values[:8]}, was {before[:8]}); where they are to change during a "
                "training with checkpoints, give them as a column of the data"
            )
        if loops_before not in ([], [loops]):
            raise CheckpointError(
                f"the loops of the cost {kernel.name!r} are not those of the checkpoint (mark {loops[:8]}, was "
                f"{loops_before[0][:8]}): this rowspace writes them otherwise, and would learn other bytes; resume "
                "with the rowspace it was begun with, or begin anew in another folder"
            )
        self.costs[cost.structure] = [cost.values, shown, loops]

    def _known_costs(self) -> str:
        known = (f"{name} with the mark {structure[:8]}" for structure, (_, name, *_) in self.costs.items())
        return one_line(" or ".join(known))

    def meet(self, number: int, digest: str) -> None:
        """Compare a chunk with that of the epochs before, or remember it."""
        if not self.wanted or self.seeks:
            return
        if number == len(self.chunks) and not self.whole:
            self.chunks.append(digest)
        elif number >= len(self.chunks):
            raise self._other(f"the data have more chunks than {len(self.chunks)}, those", number)
        elif digest != self.chunks[number]:
            differs = what_differs(self.chunks[number], digest)
            raise self._other(f"chunk {number} of the data has other values ({differs}) than that", number)

    def begun(self, number: int, expected: str, found: str) -> None:
        """Compare the chunk in which the checkpoint was taken with what it was then."""
        if self.wanted and expected != found:
            differs = what_differs(expected, found)
            raise CheckpointError(
                f"chunk {number} of the data has other values ({differs}) than that of the checkpoint"
            )

    def end(self, chunks: int, begun: int) -> None:
        """Compare how many chunks an epoch has; before the checkpoint was taken, so many of them were `begun`."""
        if not self.wanted:
            return
        if chunks < begun:
            raise CheckpointError(f"the data have {chunks} chunks, and the checkpoint was taken after {begun} of them")
        if self.whole and chunks < len(self.chunks):
            raise self._other(f"the data have {chunks} chunks, fewer than those ({len(self.chunks)})", chunks)
        self.whole = not self.seeks

    def _other(self, told: str, number: int) -> CheckpointError:
        if number < self._kept or (self._kept and self.whole):
            return CheckpointError(f"{told} of the checkpoint")
        return CheckpointError(
            f"{told} of the epoch before; data that are to differ from epoch to epoch have a method at(epoch, chunk)"
        )


def _shown(kernel: Kernel) -> str:
    """The columns of a cost and their forms, for people."""
    return ", ".join(f"{name} ({kernel.forms[name]})" for name in kernel.traced.columns) or "no column"
