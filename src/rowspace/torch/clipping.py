"""Clipping by the global norm, of dense and sparse gradients together."""

from collections.abc import Iterable

import torch
from torch import Tensor

from rowspace.errors.checks import number


@torch.no_grad()
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale gradients, dense and sparse, so that their common length is at most `max_norm`.

    `torch.nn.utils.clip_grad_norm_` refuses sparse ones. Repeats of a row are summed before its length is taken: the
    length is that of dense gradients.

    Args:
        parameters: those of a model, tables among them.
        max_norm: above 0.

    Returns:
        The length before, a tensor of no axes.

    >>> import rowspace as rs, rowspace.torch, torch
    >>> E = rs.torch.Embedding(rs.Table(5, 2))
    >>> E(torch.tensor([1, 1])).sum().backward()  # the gradient of row 1 is (2, 2)
    >>> rs.torch.clip_grad_norm_(E.parameters(), 1.0)
    tensor(2.8284)
    """
    number("max_norm", max_norm, 0, wanted="it must be a number of at least 0")
    gradients = []
    for parameter in [parameters] if isinstance(parameters, Tensor) else parameters:
        if parameter.grad is not None:
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce()
            gradients.append(parameter.grad._values() if parameter.grad.is_sparse else parameter.grad)
    if not gradients:
        return torch.tensor(0.0)
    return torch.nn.utils.clip_grad_norm_(_with_gradients(gradients), max_norm)


def _with_gradients(gradients: Iterable[Tensor]) -> list[Tensor]:
    """Stand-ins that have these gradients, for torch to clip."""
    found = []
    for gradient in gradients:
        stand_in = torch.empty_like(gradient, requires_grad=True)
        stand_in.grad = gradient
        found.append(stand_in)
    return found
