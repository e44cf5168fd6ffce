"""A text in two parts: the sentences that are trained on, and those that are held out."""

from dataclasses import replace

import numpy as np

from rowspace.read.ids import OFFSET, Folder
from rowspace.read.text import IDS, OFFSETS, Text
from rowspace.system.npy import header, map_array

SENTENCES_AT_ONCE = 1 << 16


def parts(text: Text, held_out: np.ndarray) -> tuple[Text, Text]:
    """The other sentences and those that are held out, each in their order; the ids of both lie on disk again.

    Names, counts and tokens of both are those of the whole text.

    >>> from rowspace.read.text import read_text
    >>> text = read_text([["a", "cat"], ["a", "dog"], ["cat"]], min_count=1)
    >>> [list(part) for part in parts(text, np.array([False, True, False]))]
    [[['a', 'cat'], ['cat']], [['a', 'dog']]]
    """
    return _part(text, ~held_out), _part(text, held_out)


def _part(text: Text, chosen: np.ndarray) -> Text:
    """The sentences that are chosen; their files lie in the folder of the text, for as long as the part is used."""
    beside = text.folder.path
    folder, lengths = Folder(None, within=beside if beside.exists() else None), np.diff(text.offsets)[chosen]
    folder.make()
    count = int(lengths.sum())
    with folder.file(IDS, "wb") as ids, folder.file(OFFSETS, "wb") as offsets:
        ids.write(header(text.ids.dtype, (count,)))
        for k in range(0, len(chosen), SENTENCES_AT_ONCE):
            some = chosen[k : k + SENTENCES_AT_ONCE]
            bounds = text.offsets[k : k + len(some) + 1]
            ids.write(text.ids[bounds[0] : bounds[-1]][np.repeat(some, np.diff(bounds))].data)
        offsets.write(header(OFFSET, (len(lengths) + 1,)))
        offsets.write(np.append(0, np.cumsum(lengths)).astype(OFFSET).data)
    kind = text.ids.dtype
    found = map_array(folder.path / IDS, dtype=kind.str, ndim=1) if count else np.empty(0, kind)
    return replace(text, ids=found, offsets=map_array(folder.path / OFFSETS, dtype=OFFSET.str, ndim=1), folder=folder)
