"""What the machine gives: memory, threads, Ctrl-C, and files that are whole or not there.

- `memory.py`, `threads.py`, `interrupts.py`, `progress.py`; `in_training.py`: tables that one at a time may train.
- `atomic.py`: files and folders that are the old ones or the new ones, with `siblings.py` (names beside a path),
  `swap.py` (a folder in another's place), `lock.py` and `flock.py` (one at a time).
- `mapped.py`: arrays over files; `disk_room.py`, `disk_full.py`: room for them, and none.
- `digests.py`: texts that tell contents apart. `npy.py`, `json_text.py`, `parquet.py`: what is read and written in
  one way.
"""
