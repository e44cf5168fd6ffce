"""Examples as columns: named arrays, what users hand in, negatives that are drawn, and their checks.

- `input.py`: what users hand in; `frames.py`: data frames of any library; `lists.py`: lists of Python's.
- `kinds.py`: a class for each kind of column, with all that is done to one; `gathered.py`, `negatives.py` have two
  more.
- `chunk.py`: columns of the same examples. `checking.py`: ids in range, numbers finite; `holding.py`: what a cost
  allows.
- `data.py`: the chunks of a fit, epoch by epoch. `digests.py`: texts that tell data from others.
- `subwords.py`: words as bags of their parts. `move_loops.py`: loops that move entries to their places.

Another kind of column is a class.
"""
