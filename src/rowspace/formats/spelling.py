"""How the names in other tools' files are written: the encoding, and what becomes of bytes that are not of it."""

import codecs
from typing import NamedTuple

from rowspace.errors import FormatError
from rowspace.errors.quoting import quoted

ERRORS = ("strict", "replace", "backslashreplace")
_IN_ROWS = " \n0123456789+-.e"  # what stands around names has to be as in ASCII


class Spelling(NamedTuple):
    """An encoding of Python's, and one of ERRORS.

    >>> Spelling("latin-1").text(b"caf\\xe9"), Spelling(errors="backslashreplace").text(b"caf\\xe9")
    ('caf\xe9', 'caf\\\\xe9')
    """

    encoding: str = "utf-8"
    errors: str = "strict"

    def text(self, name: bytes) -> str:
        """A name as text; UnicodeDecodeError if it is none."""
        return name.decode(self.encoding, self.errors)

    def may_be(self, part: bytes) -> bool:
        """Whether bytes are text."""
        try:
            self.text(part)
        except UnicodeDecodeError:
            return False
        return True


def spelling_of(encoding: str, errors: str) -> Spelling:
    """What was asked for; FormatError for what is no encoding, or not one of rows of text."""
    if errors not in ERRORS:
        raise FormatError(f"errors is {quoted(errors)}; it can be {', '.join(ERRORS)}")
    try:
        found = codecs.lookup(encoding)
        if found._is_text_encoding and _IN_ROWS.encode(encoding) == _IN_ROWS.encode():
            return Spelling(found.name, errors)
    except (LookupError, TypeError, ValueError):
        raise FormatError(f"encoding is {quoted(encoding)}, which is not known; give one such as 'latin-1'") from None
    raise FormatError(f"encoding {quoted(encoding)} cannot be read here; save the file as UTF-8")
