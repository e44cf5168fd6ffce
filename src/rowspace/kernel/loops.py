"""The compiled loops of a training: of its cost over examples, and of its updates over rows."""

from collections.abc import Mapping
from typing import Any

from rowspace.columns.chunk import Chunk, forms_of
from rowspace.columns.kinds import Form
from rowspace.errors import SlowCost
from rowspace.kernel.cost import Cost, parameters
from rowspace.kernel.kernel import Kernel, new_kernel
from rowspace.kernel.phases import NOTE, WHOLE, Phases
from rowspace.kernel.row_loop import RowLoop
from rowspace.state import TrainState


class RowLoops:
    """The loops over rows of what is trained, each written and compiled when it is first needed.

    Those that are `portable` give the same bytes on every processor.
    """

    def __init__(self, state: TrainState, *, portable: bool = False) -> None:
        self.state, self.portable = state, portable
        self._row_loops: dict[tuple[str, bool], RowLoop] = {}

    def rows(self, table: str, *, step: bool) -> RowLoop:
        """The loop over rows of a table: one step of each, or catching up on missed steps."""
        key = table, step
        if key not in self._row_loops:
            state = self.state
            update, dim = state.updates[table], state.tables[table].dim
            self._row_loops[key] = RowLoop(update, dim, step=step, portable=self.portable)
        return self._row_loops[key]


class Loops(RowLoops):
    """The loops of a cost over what is trained, as well."""

    def __init__(self, cost: Cost, state: TrainState, *, portable: bool = False) -> None:
        super().__init__(state, portable=portable)
        self.cost = cost
        self.last: Kernel | None = None  # the loop over examples that was asked for last
        self.kernels: dict[Any, Kernel] = {}  # by the forms of their columns, and what else they depend on

    def examples(self, chunk: Chunk, phases: Phases = WHOLE, *, guarded: bool = False) -> Kernel:
        """The loop over examples with columns of the forms that those of a chunk have.

        If it is `guarded`, gradients are checked before they are written.
        """
        _, names = parameters(self.cost, self.state.tables, chunk)
        forms = forms_of(chunk, names)
        key = phases, guarded, *forms.items()
        if key not in self.kernels or self.kernels[key].is_stale:
            kernel = self._new(forms, phases, guarded=guarded)
            if kernel.slow:
                SlowCost.warn(kernel.name, kernel.slow)
            self.kernels[key] = kernel
        self.last = self.kernels[key]
        return self.last

    def notes(self, kernel: Kernel) -> Kernel:
        """The loop that notes which segments look up the same rows, over columns of the same forms."""
        key = NOTE, *kernel.forms.items()
        if key not in self.kernels:
            self.kernels[key] = self._new(kernel.forms, NOTE)
        return self.kernels[key]

    def _new(self, forms: Mapping[str, Form], phases: Phases, *, guarded: bool = False) -> Kernel:
        trained = self.state.tables, self.state.updates
        return new_kernel(self.cost, *trained, forms, phases, guarded=guarded, portable=self.portable)
