"""Log lines by TCP come out whole, however they are framed and cut, and within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.cameras.egress.lines import MOST_LINE_BYTES
from watchglass.cameras.egress.streams import SyslogStream

LINES = st.lists(
    st.tuples(st.booleans(), st.text("<>0123456789 abcSRC=.", min_size=1, max_size=80)), max_size=12
)


def fed(data: bytes, cuts: list[int]) -> list[bytes]:
    stream, found, at = SyslogStream(), list[bytes](), 0
    for cut in [*cuts, len(data)]:
        found += stream.feed(data[at : at + cut])
        at += cut
    return found + stream.end()


@given(LINES, st.lists(st.integers(1, 50), max_size=30))
def test_each_line_is_framed_as_its_sender_likes(
    lines: list[tuple[bool, str]], cuts: list[int]
) -> None:
    texts = [f"<13>{text}".encode() for _, text in lines]
    data = b"".join(
        b"%d %s" % (len(text), text) if counted else text + b"\n"
        for (counted, _), text in zip(lines, texts, strict=True)
    )
    assert fed(data, cuts) == texts


@given(st.binary(max_size=3000), st.lists(st.integers(1, 400), max_size=30))
def test_noise_is_cut_the_same_however_it_comes(data: bytes, cuts: list[int]) -> None:
    assert fed(data, cuts) == fed(data, [])


def test_a_line_without_an_end_is_cut() -> None:
    stream = SyslogStream()
    found = stream.feed(b"x" * (3 * MOST_LINE_BYTES + 5))
    assert [len(each) for each in found] == [MOST_LINE_BYTES] * 3
    assert stream.end() == [b"x" * 5]


def test_a_count_that_lies_takes_no_more_than_a_line() -> None:
    assert fed(b"99999 <13>one\n<13>two\n", []) == [b"99999 <13>one", b"<13>two"]
