"""One training: epochs of plans, costs, snapshots, traces, and what a resume is compared by.

- `trainer.py`: the class that users call. `options.py`: what `fit` is asked for, checked.
- `fit.py`: one call of `fit`. `cursor.py`: where it stands. `epoch.py`: what happened in an epoch.
  `history.py`: all of them.
- `held_out.py`: the cost of examples that are not trained on. `callbacks.py`: what is called at events, and may end it.
- `snapshot.py`: a copy to go back to; `divergence.py`: what to say of a number that is not finite.
- `trace.py`: rows written down as they move.
- `identity.py`: what has to be the same in a resume; `document.py`: what a checkpoint says.
"""
