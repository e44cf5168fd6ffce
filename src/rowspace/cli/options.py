"""Options as they were given on the command line."""

from collections.abc import Mapping
from typing import Any

from rowspace.errors.idle import refuse_idle


def option_name(parameter: str) -> str:
    """How a parameter is written on the command line.

    >>> option_name("table_on_disk")
    '--table-on-disk'
    """
    return "--" + parameter.replace("_", "-")


def refuse_without_effect(context: Any, idle: Mapping[str, str]) -> None:
    """Refuse options that were given, be it with their default, and have no effect; DataError says what each is for."""
    given = [name for name in context.params if _was_given(context, name)]
    refuse_idle(idle, given, option_name)


def _was_given(context: Any, parameter: str) -> bool:
    return bool(context.get_parameter_source(parameter).name != "DEFAULT")
