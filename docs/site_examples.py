"""Examples of docstrings as code: what begins with >>> is fenced, up to the next empty line."""

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^(?!\s*$|>>>).*\n?)*)+", re.MULTILINE)


class Examples(griffe.Extension):
    """Fences the examples of every docstring before it is laid out."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called once for every class, function and module."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(lambda e: f"```pycon\n{e[0].rstrip()}\n```\n", obj.docstring.value)
