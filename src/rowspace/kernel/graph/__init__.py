"""The graph that PyTensor makes of a cost, before a loop is written of it. In the order in which a cost meets these:

- `floatx.py`: the type of numbers in a cost, set for the thread that traces it and no other.
- `plain.py`: what PyTensor wraps operations in is opened; shared variables stand for their values.
- `spelling.py`, `objects.py`: a graph as a text, so that two costs can be told apart.
- `stable.py`: what is made of exponentials is written so that it cannot overflow, as numbers with a power of their own
  (`scaled.py`); `signs.py` knows what is never negative.
- `subgradients.py`, `first_largest.py`: gradients at kinks.
- `rewriting.py`: PyTensor's own rewriting, watched; `evaluation.py` compares a graph before and after.
"""
