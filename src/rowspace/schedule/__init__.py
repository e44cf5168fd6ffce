"""What is run, and in which order. All that decides a byte of what a chunk teaches lies here or below.

- `options.py`: what the order depends on. `sizes.py`: every number that does, too.
- `planner.py`: chunks become plans; it has the table of schedules. `planning.py`: what they make plans from.
- `in_order.py`, `in_blocks.py`, `batches.py`: a schedule each, of `plan.py`'s plans. `pacing.py`: their rates.
- For blocks: `layout.py` says which ids decide, `blocks.py` deals rows to blocks, `buckets.py` sorts examples
  (`sort_loops.py`, `arrays.py`), `bags.py` gathers them, `negative_pool.py` draws beforehand, `parts.py` says which
  rows each bucket needs.
- `place.py`: where a fit stands between two plans.

Another schedule is a module, and a line of the table.
"""
