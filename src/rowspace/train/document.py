"""Every field of a checkpoint's document, checked when it is read, before any of it is used.

A checkpoint is data, whoever wrote it.
"""

from collections.abc import Mapping
from typing import Any

from rowspace.checkpoint.form import (
    Malformed,
    by_name,
    either,
    list_of,
    number,
    one_of,
    optional,
    record,
    row_of,
    text,
    truth,
    whole,
)
from rowspace.schedule.pacing import SAMPLED
from rowspace.schedule.planner import SCHEDULES

_AXES = 2  # columns of ids that decide how examples are sorted, at most
_DIGEST = text("[0-9a-f]{32}", "a mark")
_CHUNK = text(r"(|\d{1,18} examples(, \w+ [0-9a-f]{32})*)", "the mark of a chunk")
_TEXT = text()
_NAME = text(r"[^\W\d]\w{0,199}", "a name")
_EPOCH = {"number": whole(1), "cost": optional(number), "costed": whole(), "examples": whole(), "seconds": number}

_OPTIONS = {
    "epochs": whole(),
    "seed": whole(0, None),
    "shuffle": truth,
    "schedule": optional(one_of(*SCHEDULES)),
    "blocks": optional(whole(1, 2**15)),
    "batch": optional(whole(1)),
}

_DOCUMENT = record(
    finished=truth,
    settings=by_name(_TEXT, _TEXT),
    machine=by_name(_TEXT, _TEXT),
    options=either(record(**_OPTIONS), record(**_OPTIONS, portable=truth)),  # of before there was the choice: without
    marks=record(
        costs=by_name(either(row_of(_DIGEST, _TEXT, _DIGEST), row_of(_DIGEST, _TEXT)), _DIGEST),
        drawn=list_of(_TEXT),
        chunks=list_of(_CHUNK),
        whole=truth,
    ),
    standing=record(
        epoch=whole(),
        place=record(chunk=whole(), first=whole(), entry=whole(), mark=_CHUNK),
        done=whole(),
        before=whole(),
        total=number,
        counted=whole(),
        seconds=number,
    ),
    trainer=record(examples=whole(), steps=whole(), first=whole()),
    history=list_of(either(record(**_EPOCH, held_out=optional(number)), record(**_EPOCH))),
    pace=record(every=optional(one_of(1, SAMPLED)), examples=optional(whole())),
    past=list_of(_NAME),
    samples=list_of(row_of(list_of(either(optional(whole()), _NAME)), whole(), truth, whole(1, _AXES))),
)


def check_document(document: Any) -> None:
    """Raise Malformed unless this is what a training says of itself, and agrees with itself."""
    _DOCUMENT(document, "")
    for holds, what in _agreements(document):
        if not holds:
            raise Malformed(f"its numbers do not agree: {what}")


def _agreements(document: Mapping[str, Any]) -> list[tuple[bool, str]]:
    """What is true of every training between two windows."""
    now, place, trainer = document["standing"], document["standing"]["place"], document["trainer"]
    own, here = document["history"][trainer["first"] :], now["done"] - now["before"]
    epochs, entry, finished = document["options"]["epochs"], place["entry"], document["finished"]
    return [
        (len(document["history"]) == trainer["first"] + now["epoch"], "epochs in the history, and those that are done"),
        (now["before"] == sum(e["examples"] for e in own), "examples before this epoch, and those of the history"),
        (here == place["first"] if entry == 0 else here > place["first"], "examples of this epoch, and its place"),
        (now["counted"] <= here, "costs that were added up, and examples"),
        (trainer["steps"] <= trainer["examples"] >= now["done"], "examples, and steps"),
        (now["epoch"] == epochs if finished else now["epoch"] < epochs, "epochs, and whether it is finished"),
        (not finished or here == 0, "examples after the end"),
        (not own or document["pace"]["examples"] == own[-1]["examples"], "examples of an epoch, and of the last one"),
        (
            all(e["costed"] <= e["examples"] for e in document["history"]),
            "costs that were added up in an epoch, and examples",
        ),
        (min(e["seconds"] for e in (now, *document["history"])) >= 0, "seconds below 0"),
        (len(set(document["past"])) == len(document["past"]), "tables named twice"),
    ]
