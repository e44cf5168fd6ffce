"""Examples as columns. In the order in which data meet the files:

- `data.py`: the chunks of a fit, epoch by epoch. `frames.py`, `lists.py`, `input.py`: what users hand in, from data
  frames, Arrow, NumPy or Python, becomes columns.
- `kinds.py`: a class for every kind of column, with all that is done to one; `gathered.py` and `negatives.py` have
  those that users make themselves. `move_loops.py`: compiled loops that move entries.
- `chunk.py`: columns of the same examples, by name. `checking.py`: ids in range, numbers finite. `holding.py`: what a
  cost allows in its columns. `digests.py`: texts that tell columns from others.
- `subwords.py`: words as bags of n-grams.

A kind of column is one class that derives from `Column`.
"""
