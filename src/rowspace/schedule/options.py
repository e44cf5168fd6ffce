"""The options of `fit` that change what is learned: epochs, seed, shuffle, schedule, blocks, batch, portable."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ScheduleOptions:
    """What decides the bytes that a fit learns, beside its data; as `Trainer.fit` documents it."""

    epochs: int
    seed: int
    shuffle: bool
    schedule: str | None
    blocks: int | None
    batch: int | None
    portable: bool = False

    def kept(self) -> dict[str, Any]:
        """What a checkpoint keeps: with the same data, all that is needed to fit again."""
        return asdict(self)
