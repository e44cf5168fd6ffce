"""Runs plans in file order on as many threads as are fastest, in chunks of the length that suits them.

Both are found while plans run: they depend on how often examples look up the same rows, and on what else the machine is
doing. No byte depends on either.
"""

from collections import deque
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from rowspace.columns.chunk import members
from rowspace.execute.chunks import Chunks, Room
from rowspace.execute.tasks import compile_loop, run_alone
from rowspace.execute.turns import Turns, TurnSizes, note
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.segments import HI, LO, Arguments, Segments
from rowspace.schedule.plan import Plan
from rowspace.system.threads import Workers, thread_count

_HOPELESS = 1.3  # times as long as one thread takes: a second trial would tell the same
_FASTER = 1.05  # than now, for another number of threads to be kept
# Of the chunks, about, where their length is right (docs/decisions/turns.md#how-many-threads-how-long-a-chunk).
_WAITING = 0.12
_FIRST_CHUNK = 4  # examples, until it is known how often they meet
_SAMPLE = 2048  # chunks that are noted to know it
_TIMES = 4  # that are remembered of each number of threads; half as many are enough to compare
_SELDOM = 8  # times as seldom as at first, at least, other numbers of threads are compared where they do not pay


@dataclass
class Team:
    """What was found of a loop.

    Args:
        first: threads that are compared with one thread at first.
        trials: parts of plans that each of the two runs before one is chosen.
        threads: that take turns.
        chunk: examples of a chunk.
        size: chunks that may be run in one call of the loop.
        seconds: that an example took lately, by the number of threads.
        plans: that were run since one was chosen or others were compared last.
        pause: plans between two comparisons; 0 before the first.
        compared: how often others were.
    """

    first: int
    trials: int
    threads: int = 1
    chunk: int = _FIRST_CHUNK
    size: int = 1
    seconds: dict[int, deque[float]] = field(default_factory=dict)
    plans: int = 0
    pause: int = 0
    compared: int = 0

    def to_try(self) -> int | None:
        """The number of threads of the next trial; None once it is known which is faster."""
        times = {threads: self.seconds.get(threads, ()) for threads in (1, self.first)}
        one, several = times[1], times[self.first]
        if min(len(one), len(several)) >= self.trials:
            return None
        if one and several and min(several) > _HOPELESS * min(one):  # the machine is busy, or the examples all meet
            return None
        return min(times, key=lambda threads: len(times[threads]))

    def other(self, most: int) -> int:
        """Another number of threads to compare with: half and twice as many by turns."""
        fewer, more = self.threads // 2, min(most, self.threads * 2)
        return fewer if fewer and (more == self.threads or self.compared % 2 == 0) else more

    def ran(self, probed: int, before: int, *, compared: bool) -> None:
        """Take note of a plan, which began on `before` threads: the less comparing pays, the more seldom it is done."""
        self.plans += self.to_try() is None
        if compared:
            pays = self.threads != before
            self.plans, self.compared = 0, self.compared + 1
            self.pause = probed if pays else min(2 * max(self.pause, probed), _SELDOM * probed)

    def fit(self, waited: float, sizes: TurnSizes) -> None:
        """Take chunks of which few have to wait, given how many of those of this length did.

        Two chunks meet if any example of one meets any of the other: with the square of their length, nearly.
        """
        meet = -np.log(1 - np.clip(waited, 1e-6, 0.99)) / self.chunk**2
        fitting = 2 ** int(np.log2(max(1, (_WAITING / meet) ** 0.5)))
        self.chunk = int(np.clip(fitting, sizes.shortest, sizes.longest))

    def learn(self, threads: int, seconds: float) -> None:
        """Take note of how long an example took, and keep whichever number of threads is faster.

        The least of a few times counts: whatever else a machine does only adds to it.
        """
        self.seconds.setdefault(threads, deque(maxlen=_TIMES)).append(seconds)
        least = {t: min(times) for t, times in self.seconds.items() if len(times) >= min(self.trials, _TIMES // 2)}
        fastest = min(least, key=least.__getitem__, default=self.threads)
        if least.get(fastest, np.inf) * _FASTER < least.get(self.threads, np.inf):
            self.threads = fastest


Teams = dict[tuple[str, int], Team]  # by the source of a loop and the threads that there are


class InTurns:
    """Runs plans in file order, whatever their loop.

    Args:
        sizes: numbers of taking turns.
        threads: that may take part.
        loops: those of the cost.
        teams: what was found of loops before; more is added.
    """

    def __init__(self, sizes: TurnSizes, threads: int, loops: Loops, teams: Teams) -> None:
        self.sizes, self.threads, self.loops, self.teams = sizes, threads, loops, teams
        self._last, self._room = np.zeros(sizes.slots, np.int32), Room()

    def pay(self, plan: Plan) -> bool:
        """Whether several threads may be faster than one."""
        if self.threads == 1 or plan.kernel.slow:
            return False
        segments = plan.segments.segments
        return int(np.sum(segments[:, HI] - segments[:, LO])) * self._bytes(plan.kernel) >= self.sizes.least_bytes

    def run(self, plan: Plan, arguments: Arguments, workers: Workers) -> None:
        """Run a plan; its segments then tell what became of them."""
        key = plan.kernel.source, self.threads
        if key not in self.teams:
            self.teams[key] = self._team(plan, arguments)
        team = self.teams[key]
        probed, before, due = self.sizes.probed, team.threads, False
        for segments, compared in _parts(plan.segments, team, probed):
            threads, due = team.to_try() or (team.other(self.threads) if compared else team.threads), due or compared
            began, examples = perf_counter(), int(segments.segments[-1, HI] - segments.segments[0, LO])
            self._run_part(plan, segments, arguments, team, threads, workers)
            if not segments.finished:
                break
            team.learn(threads, (perf_counter() - began) / max(1, examples))
        team.ran(probed, before, compared=due)

    def _run_part(
        self, plan: Plan, whole: Segments, arguments: Arguments, team: Team, threads: int, workers: Workers
    ) -> None:
        if threads == 1:
            run_alone(plan.kernel.run, arguments, whole, workers)
            return
        self._last[:] = 0
        chunks = Chunks.of(whole, team.chunk, threads, self._room)
        notes = self.loops.notes(plan.kernel)
        turns = Turns(plan.kernel, notes, arguments, chunks, self._last, self.sizes.noted, team.size)
        try:
            turns.run(workers)
        finally:
            chunks.tell(members(plan.columns))
        team.size = max(1, turns.size // 2)
        team.fit(chunks.waiting(max(0, turns.noted - _SAMPLE), turns.noted), self.sizes)

    def _team(self, plan: Plan, arguments: Arguments) -> Team:
        """What is known before the first plan: chunks that suit its examples. Both loops are compiled, untimed."""
        compile_loop(plan.kernel, arguments)
        self._last[:] = 0
        first, trials = min(self.threads, thread_count(self.sizes.threads)), self.sizes.trials
        team = Team(first, trials, threads=1 if trials else first)
        chunks = Chunks.of(plan.segments, _FIRST_CHUNK, first, self._room)
        few = min(_SAMPLE, len(chunks))
        note(self.loops.notes(plan.kernel), arguments, chunks, few, self._last)
        team.fit(chunks.waiting(0, few), self.sizes)
        return team

    def _bytes(self, kernel: Kernel) -> int:
        """Of the rows that an example looks up; a bag counts as one."""
        tables = self.loops.state.tables
        return sum(4 * tables[look.table].dim for look in kernel.traced.lookups)


def _parts(whole: Segments, team: Team, probed: int) -> list[tuple[Segments, bool]]:
    """A plan in quarters while threads are tried; later, now and then, a quarter that compares, and the rest."""
    count = len(whole.segments)
    quarter = -(-count // 4)
    if team.to_try() is not None:
        return [(whole.part(n, min(count, n + quarter)), False) for n in range(0, count, quarter)]
    if team.plans + 1 >= (team.pause or probed) and count > 1:
        return [(whole.part(0, quarter), True), (whole.part(quarter, count), False)]
    return [(whole, False)]
