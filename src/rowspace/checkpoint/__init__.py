"""Checkpoints on disk: arrays and a document, the last two of them, each whole or not there.

- `checkpoints.py`: when one is written, and whether a folder may hold them.
- `store.py`: the last two in their folder, written over and flushed while the training goes on.
- `saved.py`: one of them: its manifest, which holds the document, and its arrays.
- `arrays.py`: a file for each array, of which only the pieces that changed are written.
- `form.py`: what a value read from JSON has to be.

What is in a checkpoint is said by those who keep it: `state.py` (tables, slots, rates, how often rows were met),
`schedule/pacing.py`, and `train/fit.py`, which joins them; `train/document.py` checks what they said. Nothing here
knows of training.
"""
