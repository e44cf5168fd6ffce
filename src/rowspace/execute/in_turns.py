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
from rowspace.execute.tasks import SHORT_SECONDS, compile_loop, run_alone
from rowspace.execute.turns import Turns, TurnSizes, note
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.segments import HI, LO, Arguments, Segments
from rowspace.schedule.plan import Plan
from rowspace.system.threads import Workers, thread_count

_FASTER = 1.05  # than now, for another number of threads to be kept
# Of the chunks, about, where their length is right (docs/decisions/turns.md#how-many-threads-how-long-a-chunk).
_WAITING = 0.12
_FIRST_CHUNK = 4  # examples, until it is known how often they meet
_SAMPLE = 2048  # chunks that are noted to know it
_TIMES = 4  # that are remembered of each number of threads
_UNKNOWN_SECONDS = 2e-6  # that an example takes, until it is known
_SELDOM = 8  # times as seldom as at first, at most, numbers of threads are compared where that does not pay


@dataclass
class Team:
    """What was found of a loop.

    Args:
        threads: that take turns; before anything was found, as many as there are cores.
        to_time: how many are to run the next plans, which are timed.
        chunk: examples of a chunk.
        seconds: that an example took lately, by the number of threads.
        compared: how often numbers of threads were compared.
        plans: that were run since they were last.
        pause: plans before they are again.
    """

    threads: int
    to_time: list[int] = field(default_factory=list)
    chunk: int = _FIRST_CHUNK
    seconds: dict[int, deque[float]] = field(default_factory=dict)
    compared: int = 0
    plans: int = 0
    pause: int = 0

    def plan(self, most: int, sizes: TurnSizes) -> int:
        """How many threads run the next plan: now and then as many as at present and another number are compared.

        That is half and twice as many by turns.
        """
        if not self.to_time and self.plans >= (self.pause or sizes.probed):
            fewer, more = self.threads // 2, min(most, self.threads * 2)
            other = fewer if fewer and (more == self.threads or self.compared % 2 == 0) else more
            self.to_time = [self.threads, other]
        return self.to_time[0] if self.to_time else self.threads

    def ran(self, probed: int, threads: int, seconds: float) -> None:
        """Take note of how long an example of a plan took.

        Once all that are compared were timed, the fastest number of threads goes on. The least of a few times counts:
        whatever else a machine does only adds to it. Where comparing does not pay, it is done more seldom.
        """
        self.plans += 1
        self.seconds.setdefault(threads, deque(maxlen=_TIMES)).append(seconds)
        if not self.to_time:
            return
        self.to_time.pop(0)
        if not self.to_time:
            before, least = self.threads, {number: min(times) for number, times in self.seconds.items()}
            fastest = min(least, key=least.__getitem__)
            if least[fastest] * _FASTER < least[before]:
                self.threads = fastest
            self.plans, self.compared = 0, self.compared + 1
            self.pause = min(2 * max(self.pause, probed), _SELDOM * probed) if self.threads == before else probed

    @property
    def call(self) -> int:
        """How many chunks may run in one call of the loop, at first: they take half as long as one may, about."""
        least = min((min(times) for times in self.seconds.values()), default=_UNKNOWN_SECONDS)
        return max(1, int(SHORT_SECONDS / 2 / (least * self.chunk)))

    def fit(self, waited: float, sizes: TurnSizes) -> None:
        """Take chunks of which few have to wait, given how many of those of this length did.

        Two chunks meet if any example of one meets any of the other: with the square of their length, nearly.
        """
        meet = -np.log(1 - np.clip(waited, 1e-6, 0.99)) / self.chunk**2
        fitting = 2 ** int(np.log2(max(1, (_WAITING / meet) ** 0.5)))
        self.chunk = int(np.clip(fitting, sizes.shortest, sizes.longest))


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
        threads, seconds = team.plan(self.threads, self.sizes), 0.0
        for segments in _halves(plan.segments) if team.to_time else [plan.segments]:
            began, examples = perf_counter(), int(segments.segments[-1, HI] - segments.segments[0, LO])
            self._run_part(plan, segments, arguments, team, threads, workers)
            if not segments.finished:
                return
            seconds = (perf_counter() - began) / max(1, examples)
        team.ran(self.sizes.probed, threads, seconds)

    def _run_part(
        self, plan: Plan, whole: Segments, arguments: Arguments, team: Team, threads: int, workers: Workers
    ) -> None:
        if threads == 1:
            run_alone(plan.kernel.run, arguments, whole, workers)
            return
        self._last[:] = 0
        chunks = Chunks.of(whole, team.chunk, threads, self._room)
        notes = self.loops.notes(plan.kernel)
        turns = Turns(plan.kernel, notes, arguments, chunks, self._last, self.sizes.noted, team.call)
        try:
            turns.run(workers)
        finally:
            chunks.tell(members(plan.columns))
        team.fit(chunks.waiting(max(0, turns.noted - _SAMPLE), turns.noted), self.sizes)

    def _team(self, plan: Plan, arguments: Arguments) -> Team:
        """What is known before the first plan: chunks that suit its examples. Both loops are compiled, untimed."""
        compile_loop(plan.kernel, arguments)
        self._last[:] = 0
        threads = min(self.threads, thread_count(self.sizes.threads))
        team = Team(threads, [threads, 1] * self.sizes.trials)
        chunks = Chunks.of(plan.segments, _FIRST_CHUNK, threads, self._room)
        few = min(_SAMPLE, len(chunks))
        note(self.loops.notes(plan.kernel), arguments, chunks, few, self._last)
        team.fit(chunks.waiting(0, few), self.sizes)
        return team

    def _bytes(self, kernel: Kernel) -> int:
        """Of the rows that an example looks up; a bag counts as one."""
        tables = self.loops.state.tables
        return sum(4 * tables[look.table].dim for look in kernel.traced.lookups)


def _halves(whole: Segments) -> list[Segments]:
    """A plan whose second half is timed: at first threads have to wake up, and their caches to be filled."""
    count = len(whole.segments)
    return [whole] if count < 2 else [whole.part(0, count // 2), whole.part(count // 2, count)]
