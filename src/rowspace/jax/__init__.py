"""Tables whose rows JAX functions take, and which their gradients step. Needs `pip install 'rowspace[jax]'`.

- `Tables`: look rows up, and step them by their gradients (`tables.py`).
"""

try:
    import jax as _jax  # noqa: F401
except ImportError as error:
    raise ImportError("rowspace.jax needs JAX, which is not installed: pip install 'rowspace[jax]'") from error

from rowspace.jax.tables import Tables

__all__ = ["Tables"]
