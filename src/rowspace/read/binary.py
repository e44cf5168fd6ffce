"""What a file is that cannot be read as text in UTF-8, told by its first bytes."""

import re

HEAD_BYTES = 512  # at the beginning of a file, that are looked at
_CONTROL = bytes({*range(1, 32), 127} - {*b"\t\n\v\f\r\x1b"})  # in no text; a zero byte may be a slip
_CONTROL_SHARE = 0.02  # of control characters among bytes that are no text: among random ones it is a tenth
_FEW_CONTROLS = 4  # so many control characters are no sign

_TEXT = "give a file of text"
# what a file is, by its first bytes, and what to do about it; None: unpack it
_KINDS = (
    (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", "a zip archive", None),
    (rb"(?s).{257}ustar(?:\0| [ ]?\0)", "a tar archive", None),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", None),
    (rb"Rar!\x1a\x07", "a RAR archive", None),
    (rb"\x04\x22\x4d\x18", "packed by lz4", None),
    (rb"\x5d\0\0", "packed by lzma", None),
    (rb"LZIP\x01", "packed by lzip", None),
    (rb"\x1f\x9d", "packed by compress", None),
    (rb"\x93NUMPY", "an array of NumPy's (.npy)", "rs.import_ and `rowspace import` read vectors"),
    (rb"%PDF-", "a PDF file", "save its text as UTF-8"),
    (rb"\{\\rtf", "an RTF document", "save its text as UTF-8"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of an old Excel or Word", "save it as CSV, or as text in UTF-8"),
    (rb"SQLite format 3\0", "an SQLite database", "export a table of it as CSV"),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", "export a table of it as CSV or Parquet"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture", _TEXT),
    (rb"\x7fELF", "a program", _TEXT),
    (rb'(?s).{2}\0{6}\{"', "a file of safetensors", _TEXT),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05](?:\x95|[\x00-\x7f]q)")
TABLES = ((b"PAR1", "a Parquet file"), (b"ARROW1", "an Arrow file"))


def foreign(head: bytes) -> str | None:
    """What a file is that holds others, or is packed in a way that is not read here."""
    return next((what for begins, what, instead in _KINDS if instead is None and re.match(begins, head)), None)


def not_text(head: bytes) -> str | None:
    """What a file that begins so is, and what to do about it; None if it may be text.

    >>> not_text("the cat".encode("utf-16-le")), not_text(b"the cat")
    ('UTF-16 text; save it as UTF-8', None)
    """
    head = head[:HEAD_BYTES]
    encoding = _encoding(head)
    if encoding:
        return f"{encoding} text; save it as UTF-8"
    for begins, what, instead in _KINDS:
        if instead and re.match(begins, head):
            return f"{what}, which is no text; {instead}"
    if _PICKLE.match(head):
        return "a pickle of Python's, which is never opened, for it may run any program; have what wrote it write text"
    return f"binary data, no text; {_TEXT}" if is_binary(head) else None


def is_binary(data: bytes) -> bool:
    """Whether bytes are no UTF-8, and have more control characters than text in any encoding.

    >>> is_binary("d\\u00e9j\\u00e0 vu\\n".encode("latin-1") * 9), is_binary(bytes(range(256)))
    (False, True)
    """
    found = len(data) - len(data.translate(None, _CONTROL))
    return found > max(_FEW_CONTROLS, _CONTROL_SHARE * len(data)) and not is_utf_8(data)


def is_utf_8(data: bytes) -> bool:
    """Whether bytes, of which the last character may be cut, are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def encoding_marked(head: bytes) -> str | None:
    """The encoding that a byte order mark tells; None for UTF-8, and where there is none.

    >>> encoding_marked("cat".encode("utf-16")), encoding_marked(b"cat")
    ('UTF-16', None)
    """
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    return "UTF-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else None


def _encoding(head: bytes) -> str | None:
    """The encoding that is marked; or UTF-16, by zeros in every other byte, as letters of Latin have them there."""
    if marked := encoding_marked(head):
        return marked
    even, odd = head[::2], head[1::2]
    for zeros, letters in ((odd, even), (even, odd)):
        if len(zeros) >= _FEW_CONTROLS and zeros.count(0) > 0.7 * len(zeros) and letters.count(0) < 0.1 * len(letters):
            return "UTF-16"
    return None
