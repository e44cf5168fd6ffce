"""From a graph of PyTensor's operations to the source of a loop. In the order in which a graph meets the files:

- `rules.py`: the table of rules, one for each operation of arrays.
- `emitter.py`: goes through a graph and asks the rule of each operation; what is stored, and what is written again.
- The rules themselves: `elementwise.py`, `contract.py` (products, sums, softmax), `arrange.py` (slices, joins, shapes),
  `picking.py` (arrays of places), `ordered.py` (what depends on order), `diagonals.py`, `first_largest.py`.
- What rules ask: `scalars.py` (the table of operations of single numbers), `typed.py` (types), `lengths.py` (lengths of
  bags), `limits.py` (places that are sure to lie inside), `slices.py` (basic indices), `folds.py` (the ways to write a
  sum), `lanes.py` and `portable.py` (sums and functions that are the same on every processor), `decisions.py` (what
  must be one value).
- What they make: `expression.py`, with lengths by `dims.py`, and `statements.py`, gathered by `writer.py`.
- `python.py`: the printer, the only place with text. `functions.py`: what the text may call.

An operation is one entry of `scalars.py` or one rule. Another target, such as a GPU, is another printer.
"""
