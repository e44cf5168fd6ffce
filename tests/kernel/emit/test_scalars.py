"""The types of the loop are PyTensor's: every operation over every type, in both loops."""

import pytest

from rowspace.kernel.emit.scalars import DTYPES
from tests.support import scalar_table
from tests.support.scalar_table import MAKE


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_operation_of_one_type(dtype):
    assert scalar_table.of_one_type(dtype).compare(MAKE["interpreted"]) == {}


@pytest.mark.parametrize("first", DTYPES)
def test_every_pair_of_types(first):
    assert scalar_table.of_two_types(first).compare(MAKE["interpreted"]) == {}


@pytest.mark.parametrize("first", DTYPES)
def test_casts(first):
    assert scalar_table.of_casts(first).compare(MAKE["interpreted"]) == {}


# Where Numba's types are others than PyTensor's, of what is quickly compiled.
TYPED = "Add Mul Sub Neg Abs Sqr Sign Maximum IntDiv Mod Pow Switch Floor".split()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64"])
def test_machine_code_of_whole_numbers(dtype):
    assert scalar_table.of_one_type(dtype, TYPED).compare(MAKE["machine code"]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_machine_code_of_every_type(dtype):
    for table in (scalar_table.of_one_type(dtype), scalar_table.of_two_types(dtype), scalar_table.of_casts(dtype)):
        assert table.compare(MAKE["machine code"]) == {}
