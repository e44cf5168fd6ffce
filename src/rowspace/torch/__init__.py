"""Tables as layers of torch models, whose rows rowspace's updates step. Needs `pip install 'rowspace[torch]'`.

- `Embedding`, `EmbeddingBag`: torch's, over a table's own memory (`embedding.py`). `Embeddings`: several tables looked
  up at once (`together.py`). `layer.py` is what they have in common; `tables.py`: a table's memory as a weight.
- `Optimizer`: a torch optimiser that steps the looked-up rows (`optimizer.py`), on torch's threads (`threads.py`).
- `clip_grad_norm_`: torch's, for dense and sparse gradients together (`clipping.py`).
- `save`, `load`: a checkpoint of rows and dense parts that agree (`saving.py`).
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("rowspace.torch needs torch, which is not installed: pip install 'rowspace[torch]'") from error

from rowspace.torch.clipping import clip_grad_norm_
from rowspace.torch.embedding import Embedding, EmbeddingBag
from rowspace.torch.optimizer import Optimizer
from rowspace.torch.saving import load, save
from rowspace.torch.together import Embeddings

__all__ = ["Embedding", "EmbeddingBag", "Embeddings", "Optimizer", "clip_grad_norm_", "load", "save"]
