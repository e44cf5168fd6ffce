"""A cost and its updates become one compiled loop over examples. In the order in which a cost meets the files:

- `cost.py`: the cost is called with symbols, cut at its lookups (`lookups.py`) and differentiated; `graph/` sees to it
  that nothing overflows and that kinks have a gradient. `update.py`: the same for an update rule.
- `source_cache.py`: a loop that was written before is found again by what its graph says.
- `example_loop.py` writes the loop: `loop_columns.py` what it reads and draws, `emit/` what the graph reckons,
  `update_phase.py` how rows are written. `row_loop.py` writes a loop over rows instead of examples.
- `loops.py`: the loops of a training, each made when it is first needed. `phases.py`: what a loop does.
- `kernel.py`: a loop ready to be called. `segments.py` has what it is given and what became of it; `granted.py` checks
  what it takes for granted of the lengths of bags (`arithmetic.py`). `slow.py`: a cost without a loop.
- `caught_up.py`: rows of exact updates that have yet to take steps. `row_gradient.py`: gradients without training.

An operation is one entry of `emit/scalars.py` or one rule of `emit/rules.py`.
"""
