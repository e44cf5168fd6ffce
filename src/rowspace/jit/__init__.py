"""Python source becomes machine code, kept in the user's cache folder. Only this room knows Numba."""
