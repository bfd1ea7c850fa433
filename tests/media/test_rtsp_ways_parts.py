"""The parts of other transports, fed with anything."""

import base64
import hashlib
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.certificates import make_certificate
from watchglass.base.errors import StreamInvalidError
from watchglass.media.rtsp.certificate import public_key
from watchglass.media.rtsp.reception import Reception
from watchglass.media.rtsp.refusal import TransportRefused
from watchglass.media.rtsp.reorder import MOST_HELD, PATIENCE_NS, Reorder
from watchglass.media.rtsp.tunnel import parse_http_head
from watchglass.model.fingerprint import fingerprint_of, read_fingerprint


def _packet(sequence: int) -> bytes:
    return (sequence & 0xFFFF).to_bytes(2, "big")


def _feed(reorder: Reorder, sequences: list[int], step_ns: int = 0) -> list[int]:
    """Take packets as `Datagrams` does; the sequence numbers that came out."""
    out: list[int] = []
    for at, sequence in enumerate(sequences):
        number = sequence & 0xFFFF
        if reorder.is_next(number, 7):
            out.append(number)
        else:
            reorder.put(_packet(number), number, 7, at * step_ns)
        reorder.tend(at * step_ns)
        while reorder.ready:
            out.append(int.from_bytes(reorder.ready.popleft(), "big"))
    return out


@given(begin=st.integers(0, 65_535), order=st.permutations(range(1, 30)))
def test_any_order_within_the_bound_comes_out_straight(begin: int, order: list[int]) -> None:
    given_in = [begin, *(begin + each for each in order)]
    assert _feed(Reorder(), given_in) == [(begin + at) & 0xFFFF for at in range(30)]


@given(
    begin=st.integers(0, 65_535),
    kept=st.sets(st.integers(1, 400), min_size=1),
    twice=st.sets(st.integers(1, 400)),
)
def test_what_is_lost_is_passed_over_and_nothing_comes_twice(
    begin: int, kept: set[int], twice: set[int]
) -> None:
    straight = sorted(kept)
    given_in = [each for at in straight for each in ([at, at] if at in twice else [at])]
    reorder = Reorder()
    out = _feed(reorder, [begin, *(begin + each for each in given_in)], PATIENCE_NS // 4)
    out += [int.from_bytes(packet, "big") for packet in _flushed(reorder)]
    assert out == [begin, *((begin + each) & 0xFFFF for each in straight)]


def _flushed(reorder: Reorder) -> list[bytes]:
    now_ns = 1 << 60
    while reorder.holds:
        now_ns += 2 * PATIENCE_NS
        reorder.tend(now_ns)
    return list(reorder.ready)


def test_a_missing_packet_is_waited_for_so_long_and_behind_so_many_only() -> None:
    late = Reorder()
    assert _feed(late, [0, 2, 3]) == [0]
    late.tend(PATIENCE_NS + 1)
    assert len(late.ready) == 2
    full = Reorder()
    out = _feed(full, [0, *range(2, MOST_HELD + 10)])
    assert out == [0, *range(2, MOST_HELD + 10)]


def test_a_sender_that_begins_anew_is_followed_and_one_stray_packet_is_not() -> None:
    assert _feed(Reorder(), [5, 6, 40_000, 7, 8]) == [5, 6, 7, 8]
    assert _feed(Reorder(), [5, 6, 40_000, 40_001, 40_002]) == [5, 6, 40_001, 40_002]


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 3)), max_size=300))
def test_no_order_of_anything_holds_more_than_the_bound(packets: list[tuple[int, int]]) -> None:
    reorder = Reorder()
    for at, (sequence, ssrc) in enumerate(packets):
        if not reorder.is_next(sequence, ssrc):
            reorder.put(_packet(sequence), sequence, ssrc, at)
        reorder.ready.clear()
        assert len(reorder._held) <= MOST_HELD


# --- reports --------------------------------------------------------------------------------------


@given(
    begin=st.integers(0, 65_535),
    lost=st.sets(st.integers(1, 198)),
)
def test_a_report_says_what_was_lost(begin: int, lost: set[int]) -> None:
    reception = Reception(90_000)
    for at in range(200):
        if at not in lost:
            reception.take((begin + at) & 0xFFFF, at * 3000, 9, at * 33_333_333)
    report = reception.report(1, b"name", 10**10)
    assert report[:2] == b"\x81\xc9"
    assert struct.unpack_from(">II", report, 4) == (1, 9)
    assert report[12] == min(len(lost) * 256 // 200, 255)
    assert int.from_bytes(report[13:16], "big") == len(lost)
    cycles, highest = struct.unpack_from(">HH", report, 16)
    assert (cycles << 16 | highest) == begin + 199
    assert int.from_bytes(report[20:24], "big") < 10
    # Each part is a whole number of words, and says of how many (RFC 3550, 6.1).
    at = 0
    while at < len(report):
        at += 4 + 4 * int.from_bytes(report[at + 2 : at + 4], "big")
    assert at == len(report)


@given(st.binary(max_size=60), st.binary(max_size=30))
def test_any_rtcp(packet: bytes, name: bytes) -> None:
    reception = Reception(8000)
    reception.take_report(packet, 5)
    assert reception.report(1, name, 10)


# --- certificates ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    path = tmp_path_factory.mktemp("pem") / "one.pem"
    fingerprint = make_certificate(path)
    text = path.with_suffix(".crt").read_text()
    return base64.b64decode("".join(text.splitlines()[1:-1])), fingerprint


def test_the_key_of_a_certificate_is_that_which_openssl_finds(
    certificate: tuple[bytes, str],
) -> None:
    der, fingerprint = certificate
    assert fingerprint_of(public_key(der)) == fingerprint


@given(data=st.data())
def test_any_bytes_for_a_certificate(certificate: tuple[bytes, str], data: st.DataObject) -> None:
    der = bytearray(certificate[0])
    at = data.draw(st.integers(0, len(der) - 1))
    der[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    for each in (bytes(der), bytes(der[:at]), data.draw(st.binary(max_size=80))):
        with suppress(StreamInvalidError):
            assert isinstance(public_key(each), bytes)


def test_fingerprints_as_people_write_them() -> None:
    digest = hashlib.sha256(b"key").digest()
    wanted = fingerprint_of(b"key")
    pairs = ":".join(f"{each:02X}" for each in digest)
    for text in (wanted, wanted + "=", wanted.removeprefix("SHA256:"), digest.hex(), pairs):
        assert read_fingerprint(f" {text} ") == wanted
    for text in ("", "SHA256:", wanted[:-1], wanted + "A", "x" * 64, pairs[:-2], "SHA256:é"):
        assert read_fingerprint(text) is None


# --- the tunnel -----------------------------------------------------------------------------------


@given(
    st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(b"HTTP/1.0 200 OK\r\n".__add__))
)
def test_any_answer_to_a_tunnel(head: bytes) -> None:
    with suppress(TransportRefused):
        assert 0 <= parse_http_head(head, "camera").status < 1000
