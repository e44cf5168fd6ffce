"""Who runs plans: threads of this process, in the memory there is. Nothing here decides a byte of what is learned.

- `executor.py`: runs a plan, stage by stage. `arrange.py`: its rows of buckets dealt to threads. `tasks.py`: what one
  thread does.
- `in_turns.py`: runs a plan in file order, on as many threads as are fastest. `turns.py`: how they take turns.
  `chunks.py`: what they take turns at.
- `batches.py`: runs a whole batch. `distinct.py`: which rows it looks up, and which gradients each has;
  `lookup_loops.py`: the loop that finds them.
- `row_steps.py`: steps rows by gradients from elsewhere, as torch's; `gather.py` gives it the rows.
- `replicas.py`: copies of small tables, and their mean.
- `tiles.py`: for tables on disk, a plan cut so that its rows fit in memory; `residency.py` brings them and lets
  them go.

Another way to run plans is a class with a `run`. It keeps a plan's order, and the order in which sums are added up.
"""
