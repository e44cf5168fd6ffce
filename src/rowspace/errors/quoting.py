"""How an error shows what was given: quoted, cut when it is long, in one line."""


def quoted(name: object) -> str:
    """A name as an error shows it: quoted, and cut when it is long."""
    text = ascii(name) if isinstance(name, str) and not name.isprintable() else repr(name)
    return text if len(text) <= 80 else f"{text[:76]}...{text[-1]}"


def one_line(what: object) -> str:
    """An error of another library, or a type of its, in one line of printable characters, cut when it is long.

    >>> print(one_line(ValueError("row 2:\\nexpected " + chr(15))))
    row 2: expected \\x0f
    """
    line = " ".join(str(what).split())
    text = line if line.isprintable() else ascii(line)[1:-1]
    return text if len(text) <= 300 else f"{text[:297]}..."


def bytes_text(count: int) -> str:
    """A number of bytes for people.

    >>> bytes_text(12), bytes_text(1_234_567), bytes_text(3_000_000_000)
    ('12 bytes', '1.2 MB', '3 GB')
    """
    for unit, power in (("GB", 9), ("MB", 6), ("kB", 3)):
        if count >= 10**power:
            return f"{count / 10**power:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"
