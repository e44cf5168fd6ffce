"""Checkpoints on disk: arrays and a document, the last two of them, each whole or not there.

- `checkpoints.py`: when a checkpoint is due, and the folder it goes to.
- `store.py`: the folder, its last two checkpoints, and how a new one takes the place of the older.
- `arrays.py`: arrays as files, of which only what changed is written.
- `form.py`: what a value read from JSON has to be.

What a checkpoint holds is said by those who own it: `state.py`, and `train/fit.py`, which joins the document.
"""
