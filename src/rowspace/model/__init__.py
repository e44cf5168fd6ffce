"""A trained model: its folder, the questions it answers, and how good it is.

- `model.py`: saved, and opened again. `manifest.py`: its model.json. `integrity.py`: its files, compared with what
  that says.
- `queries.py`: questions to a table, in gensim's words; `terms.py`: what they are made of;
  `several_tables.py`: to that of several tables which has the items. `search.py`, `top.py`:
  the nearest rows. `analogies.py`: thousands of analogies in one pass.
- `evaluate.py`: how good vectors are. `explanation.py`: why rows ended where they did.
"""
