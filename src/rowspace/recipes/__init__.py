"""From a file of pairs or a text to a model, with defaults.

- `pairs.py`: `rs.train_pairs`, its costs and updates by name.
- `text.py`: `rs.train_text` and the checks of its options.
- `text_options.py`: a text and its options, and the tables they begin from.
- `contexts.py`: the words around each word, as examples.
- `words.py`: skip-gram, CBOW and GloVe as recipes.
- `hold_out.py`: which pairs or sentences are not trained on.
- `recipe.py`: what all of them come to: cost, tables, data, update, defaults, and the model.

Another job is a module with a function that makes a `Recipe` and trains it; another cost for texts is a function of
`words.py` and a line of its table.
"""
