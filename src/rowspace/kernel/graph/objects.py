"""Python's objects as texts of all that they are: values by their bytes, functions by their code and what it uses.

Texts are the same in every process. What cannot be told apart from its like raises Untold.
"""

import builtins
import dis
import enum
import functools
import hashlib
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented), range)
_LIBRARIES = {"pytensor", "numpy", "scipy", "numba", "rowspace", *sys.stdlib_module_names} - {"__main__"}
_METHODS = (property, staticmethod, classmethod, functools.cached_property)
_NOT_TOLD = {  # of a class
    "__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__abstractmethods__", "_abc_impl",
    "__firstlineno__", "__static_attributes__", "__annotations__", "__annotate_func__", "__parameters__",
}  # fmt: skip


class Untold(Exception):
    """What no text tells from its like: the message says what that is."""


class Objects:
    """Spells objects; what may hold itself is told by a digest."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[str, Any]] = {}  # with the object, so that its id stays its own
        self._depth = 0

    def value(self, thing: Any) -> str:
        """A text for a thing; raises Untold."""
        if type(thing) in _PLAIN:
            return f"{type(thing).__name__} {thing!r}"
        if isinstance(thing, np.ndarray | np.generic | np.dtype):
            return _numbers(thing)
        rule = next((rule for kinds, rule in self._rules() if isinstance(thing, kinds)), None)
        if rule is not None:
            return rule(thing)
        if is_dataclass(thing):
            return self.once(thing, lambda: f"{self.value(type(thing))} {self.attributes(thing, names_of(thing))}")
        raise Untold(f"an object of the type {type(thing).__qualname__}")

    def attributes(self, thing: Any, names: Iterable[str]) -> str:
        """Some attributes of a thing by name; Untold says whose it is."""
        try:
            return f"{{{', '.join(f'{name}: {self.value(getattr(thing, name, None))}' for name in sorted(names))}}}"
        except Untold as error:
            raise Untold(f"{type(thing).__name__}, which holds {error}") from None

    def _rules(self) -> list[tuple[Any, Callable[[Any], str]]]:
        return [
            (enum.Enum, lambda x: f"{self.value(type(x))}.{x.name}"),
            (slice, lambda x: f"slice {self._each([x.start, x.stop, x.step])}"),
            (tuple | list, lambda x: f"{self._kind(x)} {self._each(x)}"),
            (set | frozenset, lambda x: f"{self._kind(x)} {sorted(map(self.value, x))}"),
            (Mapping, lambda x: f"{self._kind(x)} {[self._each(item) for item in x.items()]}"),
            (type, lambda x: self.once(x, lambda: self._class(x))),
            (types.ModuleType, _module),
            (types.FunctionType, lambda x: self.once(x, lambda: self._function(x))),
            (types.CodeType, self._code),
            (types.MethodType, lambda x: f"{self.value(x.__func__)} of {self.value(x.__self__)}"),
            (functools.partial, lambda x: f"partial {self._each([x.func, x.args, x.keywords])}"),
            (_METHODS, lambda x: f"{type(x).__name__} {self._each(_functions_of(x))}"),
            ((types.BuiltinFunctionType, np.ufunc), _by_name),
            ((types.MemberDescriptorType, types.GetSetDescriptorType), lambda x: f"slot {x.__name__}"),
        ]  # fmt: skip

    def _each(self, things: Iterable[Any]) -> str:
        return f"[{', '.join(map(self.value, things))}]"

    def _kind(self, thing: Any) -> str:
        kind = type(thing)
        return kind.__name__ if kind.__module__ == "builtins" else self.value(kind)

    def once(self, thing: Any, spell: Callable[[], str]) -> str:
        """The digest of what `spell` gives; where that comes to the thing itself, how deep that is."""
        if id(thing) not in self._met:
            self._met[id(thing)] = f"itself {self._depth}", thing
            self._depth += 1
            self._met[id(thing)] = digest_of_text(spell()), thing
            self._depth -= 1
        return self._met[id(thing)][0]

    def _class(self, kind: type) -> str:
        if is_of_library(kind):
            return f"{kind.__module__}.{kind.__qualname__}"
        own = {name: thing for name, thing in vars(kind).items() if name not in _NOT_TOLD}
        told = [f"{name}: {self.value(thing)}" for name, thing in sorted(own.items())]
        return f"class {kind.__qualname__} {self._each(kind.__bases__)} {told}"

    def _function(self, function: types.FunctionType) -> str:
        if is_of_library(function):
            return f"{function.__module__}.{function.__qualname__}"
        cells = [self._cell(cell) for cell in function.__closure__ or ()]
        used = {name: self._global(function, name) for name in sorted(_globals_of(function.__code__))}
        defaults = self._each([function.__defaults__, function.__kwdefaults__, vars(function)])
        return f"function {self._code(function.__code__)} {cells} {used} {defaults}"

    def _cell(self, cell: types.CellType) -> str:
        try:
            return self.value(cell.cell_contents)
        except ValueError:
            return "empty"

    def _global(self, function: types.FunctionType, name: str) -> str:
        if name in function.__globals__:
            return self.value(function.__globals__[name])
        return f"builtin {name}" if hasattr(builtins, name) else "missing"

    def _code(self, code: types.CodeType) -> str:
        """What a function does, wherever it was written and whatever its variables are called."""
        numbers = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        constants = [self.value(c) for c in code.co_consts]
        exceptions = getattr(code, "co_exceptiontable", b"")
        return f"code {numbers} {arguments} {code.co_names} {code.co_code.hex()} {exceptions.hex()} {constants}"


def digest_of_text(text: str) -> str:
    """A digest of a text, the same in every process: 32 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def names_of(thing: Any) -> set[str]:
    """The names of all attributes of a thing's own."""
    slots = (vars(kind).get("__slots__", ()) for kind in type(thing).__mro__)
    found = {name for own in slots for name in ((own,) if isinstance(own, str) else own)}
    return (found | set(getattr(thing, "__dict__", ()))) - {"__dict__", "__weakref__"}


def is_of_library(thing: Any) -> bool:
    """Whether a class or function is found by its name in a library, whose version says what it does."""
    module, name = getattr(thing, "__module__", None) or "", getattr(thing, "__qualname__", "")
    if module.partition(".")[0] not in _LIBRARIES:
        return False
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is thing


def _numbers(thing: Any) -> str:
    if isinstance(thing, np.dtype):
        return f"dtype {thing.descr if thing.names else thing.str}"
    array = np.asarray(thing)
    if array.dtype.hasobject or isinstance(thing, np.ma.MaskedArray):
        raise Untold(f"an array of {'objects' if array.dtype.hasobject else 'masked numbers'}")
    return f"numbers {array.dtype.str} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"


def _module(module: types.ModuleType) -> str:
    if module.__name__.partition(".")[0] not in _LIBRARIES:
        raise Untold(f"the module {module.__name__}")
    return f"module {module.__name__}"


def _by_name(function: Any) -> str:
    """A function that is not Python's own code: by its name, if its module has it under that name."""
    name = str(function.__name__)
    for module in ("numpy", "scipy.special", getattr(function, "__module__", None) or "builtins"):
        if getattr(sys.modules.get(module), name, None) is function:
            return f"{module}.{name}"
    raise Untold(f"the function {name}")


def _functions_of(method: Any) -> tuple[Any, ...]:
    if isinstance(method, property):
        return method.fget, method.fset, method.fdel
    return (method.func,) if isinstance(method, functools.cached_property) else (method.__func__,)


def _globals_of(code: types.CodeType) -> set[str]:
    """The names that a function, and those inside it, look up outside."""
    inside = (c for c in code.co_consts if isinstance(c, types.CodeType))
    own = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return own.union(*map(_globals_of, inside))
