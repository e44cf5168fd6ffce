"""The costs and data of a fit beside those of the fit that it resumes, and of every epoch beside the one before."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rowspace.columns.chunk import Chunk
from rowspace.columns.marks import digest_of_columns, told_of_negatives, what_differs
from rowspace.errors import CheckpointError
from rowspace.errors.quoting import one_line
from rowspace.system.digests import digest_of_texts

if TYPE_CHECKING:
    from rowspace.kernel.kernel import Kernel


class Comparison:
    """The marks of a fit's costs and data: what a checkpoint keeps of them, and a resumed fit compares.

    Arguments:
        seeks: whether the data may differ from epoch to epoch, and need not begin with their first chunk.
        known: what a checkpoint kept, or None for a fit from the beginning.
        wanted: whether there are to be marks at all.
    """

    def __init__(self, seeks: bool, known: Mapping[str, Any] | None = None, *, wanted: bool = True) -> None:
        self.seeks, self.wanted, self._resumed = seeks, wanted, known is not None
        known = known or {"costs": {}, "drawn": [], "chunks": [], "whole": False}
        # by structure: the digest of its values, its name, and the digest of its loops, if it was kept
        self.costs: dict[str, list[str]] = dict(known["costs"])
        self.drawn = set(known["drawn"])
        self.chunks: list[str] = list(known["chunks"])  # the same in every epoch, where the data do not seek
        self.whole: bool = known["whole"]  # whether these are all
        self._kept = len(self.chunks)

    def kept(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"costs": self.costs, "drawn": sorted(self.drawn), "chunks": self.chunks, "whole": self.whole}

    def of(self, kernel: "Kernel", columns: Chunk, sources: Sequence[str]) -> str:
        """The mark of a chunk, whose loops have these texts.

        Raises:
            CheckpointError: if a resumed fit has another cost, runs other loops, or draws otherwise.
        """
        self._meet_cost(kernel, digest_of_texts(sources))
        drawn = told_of_negatives(columns)
        if self._resumed and drawn not in self.drawn:
            known = one_line(" or ".join(sorted(self.drawn)))
            raise CheckpointError(
                f"the ids drawn are not those of the checkpoint: {drawn or 'none'}, were {known or 'none'}"
            )
        self._resumed = False
        self.drawn.add(drawn)
        return digest_of_columns(columns)

    def _meet_cost(self, kernel: "Kernel", loops: str) -> None:
        """Compare a cost and the digest of its loops with those before, or remember them."""
        identity, shown = kernel.identity, f"{kernel.name!r} of {_shown(kernel)}"
        if identity.untold:
            raise CheckpointError(
                f"the cost {kernel.name!r} holds {identity.untold}, which a resumed training could not tell from "
                "another; train without checkpoints, or give it as a column or a constant"
            )
        if self._resumed and identity.structure not in self.costs:
            raise CheckpointError(
                f"the cost {shown} is not that of the checkpoint: its mark is {identity.structure[:8]}; "
                f"it was {self._known_costs()}"
            )
        before, _, *loops_before = self.costs.get(identity.structure, [identity.values, shown])
        if before != identity.values:
            raise CheckpointError(
                f"constants or shared variables in the cost {kernel.name!r} have other values than those of the "
                f"checkpoint (mark {identity.values[:8]}, was {before[:8]}); where they are to change during a "
                "training with checkpoints, give them as a column of the data"
            )
        if loops_before not in ([], [loops]):
            raise CheckpointError(
                f"the loops of the cost {kernel.name!r} are not those of the checkpoint (mark {loops[:8]}, was "
                f"{loops_before[0][:8]}): this rowspace writes them otherwise, and would learn other bytes; resume "
                "with the rowspace it was begun with, or begin anew in another folder"
            )
        self.costs[identity.structure] = [identity.values, shown, loops]

    def _known_costs(self) -> str:
        known = (f"{name} with the mark {structure[:8]}" for structure, (_, name, *_) in self.costs.items())
        return one_line(" or ".join(known))

    def meet(self, number: int, mark: str) -> None:
        """Compare a chunk with that of the epochs before, or remember it."""
        if not self.wanted or self.seeks:
            return
        if number == len(self.chunks) and not self.whole:
            self.chunks.append(mark)
        elif number >= len(self.chunks):
            raise self._other(f"the data have more chunks than {len(self.chunks)}, those", number)
        elif mark != self.chunks[number]:
            differs = what_differs(self.chunks[number], mark)
            raise self._other(f"chunk {number} of the data has other values ({differs}) than that", number)

    def begun(self, number: int, expected: str, found: str) -> None:
        """Compare the chunk that a resumed fit was in with what it was."""
        if self.wanted and expected != found:
            differs = what_differs(expected, found)
            raise CheckpointError(
                f"chunk {number} of the data has other values ({differs}) than that of the checkpoint"
            )

    def end(self, chunks: int, begun: int) -> None:
        """Compare the number of chunks in an epoch, of which so many were begun before."""
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


def _shown(kernel: "Kernel") -> str:
    """The columns of a cost and their forms, for people."""
    return ", ".join(f"{name} ({kernel.forms[name]})" for name in kernel.traced.columns) or "no column"
