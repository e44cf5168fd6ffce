"""Files of word pairs and of analogies."""

import gzip

import pytest

from rowspace.errors import DataError
from rowspace.read.judged import read_analogies, read_word_pairs


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "f.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_pairs(write):
    found = read_word_pairs(write("# WordSim\n\nlove\tsex\t6.77\r\n tiger \tcat\t1e1\n\xe9t\xe9\t#1\t-0\n"))
    assert found.pairs == [("love", "sex"), ("tiger", "cat"), ("\xe9t\xe9", "#1")]
    assert found.scores == [6.77, 10, 0]
    assert found.header is None
    assert read_word_pairs(write("a,b,1\n"), ",").pairs == [("a", "b")]
    assert read_word_pairs(write(b"\xef\xbb\xbfa\tb\t1")).pairs == [("a", "b")]
    assert read_word_pairs(write(gzip.compress(b"a\tb\t1", mtime=0))).pairs == [("a", "b")]


def test_a_header_is_told(write):
    found = read_word_pairs(write("# about\nWord 1\tWord 2\tHuman (mean)\nlove\tsex\t6.77\n"))
    assert found.header == "Word 1\tWord 2\tHuman (mean)"
    assert found.pairs == [("love", "sex")]


PUBLISHED = {
    "WordSim-353's combined.csv": "Word 1,Word 2,Human (mean)\nlove,sex,6.77\ntiger,cat,7.35\n",
    "its ratings one by one": "Word 1,Word 2,Human (mean),1,2\r\nlove,sex,6.77,9,6\r\ntiger,cat,7.35,9,7\r\n",
    "MEN": "love sex 6.77\ntiger cat 7.35\n",
    "RG-65": "love;sex;6.77\ntiger;cat;7.35\n",
    "SimLex-999": "word1\tword2\tPOS\tSimLex999\tconc(w1)\tSD(SimLex)\n"
    "love\tsex\tN\t6.77\t2.9\t1\ntiger\tcat\tN\t7.35\t1\t2\n",
    "SimVerb-3500": "love\tsex\tV\t6.77\tNONE\ntiger\tcat\tV\t7.35\tSYN\n",
    "with quotes": '"word","other","score"\n"love","sex","6.77"\n"tiger","cat",7.35\n',
    "with returns": "love\tsex\t6.77\rtiger\tcat\t7.35\r",
    "the score last": "word1,word2,freq1,freq2,score\nlove,sex,1,2,6.77\ntiger,cat,3,4,7.35\n",
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_files_as_their_authors_publish_them(write, kind):
    found = read_word_pairs(write(PUBLISHED[kind]))
    assert found.pairs == [("love", "sex"), ("tiger", "cat")]
    assert found.scores == [6.77, 7.35]
    assert (found.header is None) == PUBLISHED[kind].startswith("love")


def test_which_column_holds_the_scores_is_told(write):
    assert read_word_pairs(write(PUBLISHED["SimLex-999"])).column == "SimLex999"
    assert read_word_pairs(write(PUBLISHED["MEN"])).column is None
    for content in ("a\tb\t1\t2\n", "a\tb\t7\t5\nc\td\t6\t4\n", "w,v,x,y\na,b,1,2\n"):
        with pytest.raises(DataError, match="has 4 fields a line, 2 of them numbers, .*give it those three columns"):
            read_word_pairs(write(content))


def test_words_of_several_words_stay_whole(write):
    assert read_word_pairs(write("New York\tParis\t5\nRome\tNew Delhi\t4\n")).pairs[1] == ("Rome", "New Delhi")
    assert read_word_pairs(write("a, b\tc\t5\nd, e\tf\t4\n")).pairs[0] == ("a, b", "c")
    assert read_word_pairs(write("a|b|5\n"), "|").pairs == [("a", "b")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "f.txt is empty; expected lines of two words and a score"),
        ("# nothing\n", "f.txt has no pairs"),
        ("a\tb\tscore\n", "f.txt has no pairs"),
        ("a\tb\t1\na b 2\n", r"f.txt, line 2: 1 field where .*, with '\\t' between them"),
        ("a\tb\t1\n\na\tb\t2\t3\n", "f.txt, line 3: 4 fields where two words and a score are expected"),
        ("a\tb\t1\n\tb\t2\n", "f.txt, line 2: an empty word where"),
        ("a\tb\t1\na\tb\thigh\n", "f.txt, line 2: the score 'high' is not a finite number"),
        ("x\ty\tz\na\tb\thigh\n", "f.txt, line 2: the score 'high' is not a finite number"),
        ("a\tb\t1\na\tb\tnan\n", "f.txt, line 2: the score 'nan' is not a finite number"),
        (b"a\tb\t1\n\xff\tb\t1\n", "f.txt, line 2 is not UTF-8"),
    ],
)
def test_bad_pairs_are_told_by_line(write, content, text):
    with pytest.raises(DataError, match=text):
        read_word_pairs(write(content))


def test_analogies(write):
    name, sections = read_analogies(write(": one\na b c d\n\n:two \n: one\r\ne  f\tg h\n"))
    assert name.endswith("f.txt")
    assert sections == {"one": [("a", "b", "c", "d"), ("e", "f", "g", "h")], "two": []}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a b c d\n: one\n", "f.txt, line 1: 'a b c d' comes before the first section; write a line ': name' above it"),
        (": one\na b c d\na b c\n", "f.txt, line 3: 3 words where four are expected, as in 'man king woman queen'"),
        (": one\na b c d e\n", "f.txt, line 2: 5 words where"),
        (": one\na\n", "f.txt, line 2: 1 word where"),
        (": one\n", "f.txt has no questions"),
        ("\n", "f.txt is empty; expected sections"),
    ],
)
def test_bad_analogies_are_told_by_line(write, content, text):
    with pytest.raises(DataError, match=text):
        read_analogies(write(content))


def test_no_file(tmp_path):
    for read in (read_word_pairs, read_analogies):
        with pytest.raises(DataError, match="there is no file"):
            read(tmp_path / "none.tsv")
