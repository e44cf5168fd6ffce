"""A full disk and one that cannot be written: one clear line, nothing overwritten, no leftovers."""

import pytest

from tests.support.quick import quick
from tests.support.small_disk import on_small_disk

PAIRS = """
pairs = elsewhere / "pairs.csv"
pairs.write_text("from,to,same\\ncat,kitten,1\\ncar,truck,1\\ncat,car,0\\n")
words = ["train", "pairs", pairs, "-o", disk / "m", "--label", "same", "--epochs", "1"]
"""
TEXT = """
text = elsewhere / "text.txt"
text.write_text("one two three two one three\\n" * 100_000)
words = ["train", "text", text, "-o", disk / "m", "--epochs", "1", "--dim", "2"]
"""

SLOW = ("txt", "vec", "txt.gz", "parquet")


def test_a_model_is_saved_whole_or_not_at_all(tmp_path):
    program = """
    model(1000).save(disk / "m")
    for _ in range(2):
        try:
            model(200_000, names=False).save(disk / "m")
        except DiskFull as error:
            assert isinstance(error, OSError) and error.errno == 28
            told(str(error), f"cannot write {disk / 'm'}: the disk is full (6.4 MB needed, 2 MB free); ")
            told(str(error), "free some, or give a place on another disk; what was there before is as it was")
        else:
            raise AssertionError("it was written")
        assert rs.open(disk / "m", check=True).trained_with == {"k": 1.0}
        assert there() == ["m"]
    # room for one more model, but not for another byte: names and model.json too are found too large
    for leave in range(0, 90_000, 4096):
        fill(leave)
        try:
            model(1000, k=2.0).save(disk / "m")
        except DiskFull:
            pass
        else:
            assert leave > 40_000
        assert rs.open(disk / "m", check=True).trained_with["k"] in (1.0, 2.0)
        assert there() == ["m"]
        unfill()
    assert rs.open(disk / "m").trained_with == {"k": 2.0}
    """
    on_small_disk(tmp_path, dedented(program))


def test_what_others_keep_in_the_folder_stays(tmp_path):
    program = """
    model(1000).save(disk / "m")
    (disk / "m" / "more").mkdir()
    (disk / "m" / "more" / "notes").write_bytes(b"n" * 900_000)
    model(1000, k=2.0).save(disk / "m")  # a second copy of the notes has no room
    assert (disk / "m" / "more" / "notes").stat().st_size == 900_000
    fill(4096)
    try:
        model(1000, k=3.0).save(disk / "m")
    except DiskFull:
        pass
    assert rs.open(disk / "m", check=True).trained_with == {"k": 2.0}
    assert (disk / "m" / "more" / "notes").stat().st_size == 900_000
    """
    on_small_disk(tmp_path, dedented(program))


def test_train_pairs(tmp_path):
    program = """
    model(1000).save(disk / "m")
    line = fails(*words, "--dim", 300_000)
    told(line, f"cannot write {disk / 'm'}: the disk is full (4.8 MB needed, ")
    assert there() == ["m"]
    assert rs.open(disk / "m", check=True).trained_with == {"k": 1.0}
    fill()
    told(fails(*words, "--dim", 2), "the disk is full")
    line = fails(*words[:4], elsewhere / "m", *words[5:], "--dim", 2, "--trace", disk / "trace.tsv")
    told(line, "trace.tsv: the disk is full")
    line = fails(*words[:4], elsewhere / "m", *words[5:], "--dim", 2, "--trace", disk / "trace.parquet")
    told(line, "trace.parquet: the disk is full")
    line = fails(*words[:4], elsewhere / "m", *words[5:], "--dim", 2, "--plot", disk / "p.png")
    told(line, "p.png: the disk is full")
    assert set(there()) <= {"m", "trace.tsv.part", "trace.parquet.part"}
    assert rs.open(disk / "m", check=True).trained_with == {"k": 1.0}
    """
    on_small_disk(tmp_path, PAIRS + dedented(program))


def test_train_text(tmp_path):
    program = """
    model(1000).save(disk / "m")
    told(fails(*words), "the disk is full")  # the ids have no room
    assert there() == ["m"]
    text.write_text("one two three two one three\\n" * 200)
    line = fails(*words[:-1], "500_000".replace("_", ""))
    told(line, f"cannot write {disk / 'm'}: the disk is full (12 MB needed, ")
    fill()
    told(fails(*words), "the disk is full")
    assert there() == ["m"]
    assert rs.open(disk / "m", check=True).trained_with == {"k": 1.0}
    """
    on_small_disk(tmp_path, TEXT + dedented(program))


@pytest.mark.parametrize(
    "name",
    ["v.bin", "v.npy", "projector", *(pytest.param(f"v.{more}", marks=pytest.mark.slow) for more in SLOW)],
)
def test_export(tmp_path, name):
    program = f"""
    name = {name!r}
    model(100).save(elsewhere / "small")
    rng = np.random.default_rng(0)
    E = rs.Table.from_array(rng.random((20_000, 32), np.float32), [f"item {{i}}" for i in range(20_000)])
    if name[0] == "v" and not name.endswith((".npy", ".parquet")):
        for path, size in ((elsewhere / "small", 100), (elsewhere / "large", 20_000)):
            part = rs.Table.from_array(E.values[:size].copy(), [f"item_{{i}}" for i in range(size)])
            rs.Model({{"E": part}}).save(path)
    else:
        rs.Model({{"E": E}}).save(elsewhere / "large")
    run("export", elsewhere / "small", disk / name)
    files = lambda: {{p: p.read_bytes() for p in disk.rglob("*") if p.is_file() and p.name != "filler"}}
    before = files()
    fill(1_000_000)
    told(fails("export", elsewhere / "large", disk / name), f"cannot write {{disk / name}}", "the disk is full")
    assert files() == before
    # and with nothing left at all, or almost
    for leave in (0, 4096, 8192, 16384):
        unfill()
        fill(leave)
        try:
            told(fails("export", elsewhere / "small", disk / name), "the disk is full")
        except AssertionError:
            assert leave >= 4096
        assert files() == before
    """
    on_small_disk(tmp_path, dedented(program))


def test_import(tmp_path):
    program = """
    model(1000).save(disk / "m")
    model(100_000, k=2.0).save(elsewhere / "large")
    for name in ("v.npy", "v.parquet"):
        run("export", elsewhere / "large", elsewhere / name)
        line = fails("import", elsewhere / name, "-o", disk / "m")
        told(line, f"cannot write {disk / 'm'}: the disk is full (3.2 MB needed, ")
        assert there() == ["m"]
        assert rs.open(disk / "m", check=True).trained_with == {"k": 1.0}
    """
    on_small_disk(tmp_path, dedented(program))


def test_a_packed_file_that_has_no_room_unpacked(tmp_path):
    program = """
    import gzip, tempfile
    with gzip.open(elsewhere / "v.txt.gz", "wt") as out:
        out.write("1000000 1\\n")
        out.writelines(f"{i} 1\\n" for i in range(1_000_000))
    line = fails("import", elsewhere / "v.txt.gz", "-o", elsewhere / "m")
    told(line, "v.txt.gz", "the disk is full", "TMPDIR")
    assert there() == []
    text = elsewhere / "text.txt"
    text.write_text("one two three two one three\\n" * 400_000)
    try:
        rs.read_text(text)
    except DiskFull as error:
        told(str(error), "the disk is full", "TMPDIR")
    else:
        raise AssertionError("read")
    assert there() == []
    """
    on_small_disk(tmp_path, dedented(program), TMPDIR="{disk}")


@pytest.mark.parametrize("name", ["p.png", "p.svg", "p.gif"])
def test_plot(tmp_path, name):
    program = f"""
    name = {name!r}
    model(50, k=1.0).save(elsewhere / "m")
    source = elsewhere / "m"
    if name.endswith("gif"):
        source = elsewhere / "t.tsv"
        source.write_text("i\\tn\\td0\\td1\\n0\\ta\\t0\\t0\\n0\\tb\\t1\\t1\\n5\\ta\\t1\\t0\\n5\\tb\\t1\\t0\\n")
    (disk / name).write_text("old")
    fill()
    told(fails("plot", source, "-o", disk / name), f"cannot write {{disk / name}}: the disk is full")
    assert there() == [name]
    assert (disk / name).read_text() == "old"
    """
    on_small_disk(tmp_path, dedented(program))


def test_kernels_are_compiled_where_their_cache_is_full(tmp_path):
    program = """
    from rowspace.jit.compile import compiled
    for leave in (0, 12288):
        (disk / "cache").mkdir(mode=0o700, exist_ok=True)
        fill(leave)
        assert compiled(f"def kernel(x):\\n    return x + {leave}.0\\n")(1.0) == leave + 1.0
        assert not [path for path in (disk / "cache").rglob("*") if ".part" in path.name or ".tmp" in path.name]
        unfill()
    """
    on_small_disk(tmp_path, dedented(program), ROWSPACE_CACHE="{disk}/cache")


def test_a_disk_that_is_read_only(tmp_path):
    program = """
    import subprocess
    model(10).save(disk / "m")
    (disk / "v.txt").write_text("old")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    run("neighbors", disk / "m", "item 1")
    run("check", disk / "m")
    assert rs.open(disk / "m", "c").vectors.flags.writeable
    for line in (
        fails(*words, "--dim", 2),
        fails("export", disk / "m", disk / "v.txt", "--format", "parquet"),
        fails("export", disk / "m", disk / "projector"),
        fails("plot", disk / "m", "-o", disk / "p.png"),
        fails("import", elsewhere / "pairs.csv", "--format", "npy", "-o", disk / "n"),
    ):
        told(line, "Read-only file system")
        assert ".tmp-" not in line, line
    assert there() == ["m", "v.txt"]
    assert (disk / "v.txt").read_text() == "old"
    """
    on_small_disk(tmp_path, PAIRS + dedented(program))


def dedented(program):
    from textwrap import dedent

    return dedent(program)


@pytest.mark.parametrize("links", quick([True, False], True))
def test_tables_on_disk_become_the_models(tmp_path, links):
    """There is no room for them twice: without links, that is found while the model is saved."""
    program = f"""
    import errno
    if not {links}:
        def link(*paths):
            raise OSError(errno.EPERM, "no links")
        os.link = link
    command = [*words, "--dim", 80_000, "--table-on-disk"]
    if {links}:
        run(*command)
        opened = rs.open(disk / "m", check=True)
        run(*[elsewhere / "m" if word == disk / "m" else word for word in words], "--dim", 80_000)
        assert opened.vectors.tobytes() == rs.open(elsewhere / "m").vectors.tobytes()
        assert os.stat(disk / "m" / "E.npy").st_nlink == 1
        assert there() == ["m"]
    else:
        told(fails(*command), f"cannot write {{disk / 'm'}}: the disk is full")
        assert there() == []
    """
    on_small_disk(tmp_path, PAIRS + dedented(program))
