"""Python source becomes machine code, kept in the user's cache folder. Only this room knows Numba.

- `compile.py`: a source, or functions as they stand in a module, as machine code; or run by Python itself.
- `cache.py`: the folder where sources and machine code are kept, used only where nobody else can write.
- `names.py`: the names that loops know beside their own; `intrinsics.py`: single instructions that Python has no words
  for; `draws.py`: random draws without a state.
- `machine.py`: the machine and libraries that code was made for.
"""
