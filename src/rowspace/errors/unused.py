"""Options that have no effect beside the others are refused: whoever gives one believes that it has.

Tables of what each is for are made where the others are known. What they say may name options, in braces.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rowspace.errors import DataError

PURPOSES = {
    "every": "for checkpoints; give {checkpoint} too",
    "memory": "for tables on disk; give {table_on_disk} too",
}


def unused_options(checkpoint: Any, table_on_disk: Any) -> dict[str, str]:
    """What options of any training are for that have no effect without a folder for checkpoints or for tables."""
    missing = {"every": checkpoint is None, "memory": table_on_disk is None}
    return {name: PURPOSES[name] for name, without in missing.items() if without}


def refuse_unused(unused: Mapping[str, str], given: Iterable[str], called: Callable[[str], str] = str) -> None:
    """Refuse options that have no effect; DataError for the first one that was given.

    `unused` says what they are for, `called` how an option is called where it was given.

    >>> refuse_unused(unused_options(None, None), ["seed", "every"])
    Traceback (most recent call last):
    ...
    rowspace.errors.DataError: every is for checkpoints; give checkpoint too
    """
    for name in given:
        if name in unused:
            purpose = re.sub(r"{(\w+)}", lambda other: called(other[1]), unused[name])
            raise DataError(f"{called(name)} is {purpose}")


def changed(defaults: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """The names of options that are not what a function takes without them."""
    return [name for name, value in options.items() if not _same(value, defaults[name])]


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and one == other)
