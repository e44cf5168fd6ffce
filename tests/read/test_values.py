"""Values of items from a file of columns."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rowspace.errors import DataError
from rowspace.read.values import read_values


def written(tmp_path, text, name="values.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


@pytest.mark.parametrize(
    ("text", "column", "found"),
    [
        ("item,kind,size\ncat,fur,4\nowl,wings,\n", None, ("kind", {"cat": "fur", "owl": "wings"})),
        ("item,kind,size\ncat,fur,4\nowl,wings,\n", "size", ("size", {"cat": 4, "owl": None})),
        ("cat\tfur\nowl\twings\n", None, (None, {"cat": "fur", "owl": "wings"})),
        ("7;1.5\n8;2\n", None, (None, {"7": 1.5, "8": 2})),
    ],
)
def test_values_by_item(tmp_path, text, column, found):
    assert read_values(written(tmp_path, text), column, known={"cat", "7"}.__contains__) == found


def test_values_of_parquet(tmp_path):
    pq.write_table(pa.table({"item": [1, 2], "kind": ["a", None]}), tmp_path / "v.parquet")
    assert read_values(tmp_path / "v.parquet") == ("kind", {"1": "a", "2": None})


def test_what_is_refused(tmp_path):
    with pytest.raises(DataError, match="has one column; expected items in the first"):
        read_values(written(tmp_path, "item\ncat\n"))
    with pytest.raises(DataError, match="has no column 'knd'; .* did you mean 'kind'"):
        read_values(written(tmp_path, "item,kind\ncat,fur\n"), "knd")
