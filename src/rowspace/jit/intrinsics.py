"""Single instructions that Python has no words for: fetch a row early, read and write in order across threads."""

import platform
import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic


def _address(context: Any, builder: Any, kind: Any, array: Any, places: Any, kinds: Any) -> Any:
    """Where an element of an array lies."""
    made = context.make_array(kind)(context, builder, array)
    whole = [context.cast(builder, place, k, types.intp) for place, k in zip(places, kinds, strict=True)]
    return cgutils.get_item_pointer(context, builder, kind, made, whole, wraparound=False)


@intrinsic
def prefetch(typing: Any, table: Any, row: Any, k: Any) -> Any:
    """Ask for the cache line of table[row, k], which is to be changed."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        table, row, k = args
        where = _address(context, builder, signature.args[0], table, (row, k), signature.args[1:])
        byte, i32 = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(function, [builder.bitcast(where, byte), i32(1), i32(3), i32(1)])  # for writing, kept close, data
        return context.get_dummy_value()

    return types.void(table, row, k), emit


@intrinsic
def load_acquire(typing: Any, array: Any, place: Any) -> Any:
    """array[place]: what another thread wrote before it stored this is seen after."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = _address(context, builder, signature.args[0], args[0], args[1:2], signature.args[1:2])
        return builder.load_atomic(where, "acquire", 8)

    return array.dtype(array, place), emit


@intrinsic
def store_release(typing: Any, array: Any, place: Any, value: Any) -> Any:
    """array[place] = value: who sees it sees all that was written before."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = _address(context, builder, signature.args[0], args[0], args[1:2], signature.args[1:2])
        number = context.cast(builder, args[2], signature.args[2], signature.args[0].dtype)
        builder.store_atomic(number, where, "release", 8)
        return context.get_dummy_value()

    return types.void(array, place, value), emit


@intrinsic
def take(typing: Any, array: Any, place: Any) -> Any:
    """array[place], which is one more from then on, for every thread."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where = _address(context, builder, signature.args[0], args[0], args[1:2], signature.args[1:2])
        return builder.atomic_rmw("add", where, ir.Constant(ir.IntType(64), 1), "acq_rel")

    return array.dtype(array, place), emit


@intrinsic
def pause(typing: Any) -> Any:
    """A moment's rest for a thread that waits: another on the same core gets more of it. Nothing but on x86."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def rest(typing: Any) -> Any:
    """A thread that waits leaves its core to another one that is ready to run, if there is one."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def sum_of_lanes(typing: Any, lanes: Any) -> Any:
    """The sum of 32 numbers: one half is added to the other, until one number is left."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        number, i32, width = context.get_value_type(signature.args[0].dtype), ir.IntType(32), 32
        start = builder.bitcast(array.data, ir.VectorType(number, width).as_pointer())
        left = builder.load(start, align=context.get_abi_sizeof(number))
        while width > 1:
            nothing, width = ir.Constant(left.type, ir.Undefined), width // 2
            places = [[i32(k + begin) for k in range(width)] for begin in (0, width)]
            kind = ir.VectorType(i32, width)
            halves = [builder.shuffle_vector(left, nothing, ir.Constant(kind, own)) for own in places]
            left = builder.fadd(*halves)
        return builder.extract_element(left, i32(0))

    return lanes.dtype(lanes), emit


_ALL = (load_acquire, store_release, take, pause, rest, prefetch, sum_of_lanes)
INTRINSICS = {each.__name__: each for each in _ALL}
