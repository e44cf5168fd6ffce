"""What is run, and in which order: plans. All that decides a byte of what is learned lies here or below.

Nothing here knows how many threads there are, how much memory, or which machine: see `execute/`.

- `options.py`: what of a fit's options decides the bytes.
- `planner.py`: the chunks of an epoch, checked and given to a schedule; `SCHEDULES`, the table of them.
- `planning.py`: what every schedule is given.
- `in_order.py`, `in_blocks.py`, `batches.py`: the schedules.
- `pacing.py`: what the rates are when, how long a segment may be, which costs are added up.
- `layout.py`: which ids decide what an example writes.
- `sizes.py`: into how many blocks tables are cut.
- `blocks.py`: rows dealt to blocks. `negative_pool.py`: rows that negatives are drawn from.
- `buckets.py`: examples sorted by their blocks; with `arrays.py`, `bags.py` and `sort_loops.py`.
- `plan.py`: a plan, its order, and what became of it. `place.py`: where the next one begins.
- `parts.py`: which rows on disk each part of a plan needs.

Another schedule is a module with a function that gives plans, and a line of `SCHEDULES`.
"""
