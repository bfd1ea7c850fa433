"""The codec: what goes in comes out, and whatever else comes in is a BusError."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bus.hop_fixtures import UP, Ack, Bell, Note, Up
from watchglass.base.errors import BusError
from watchglass.bus.message import Codec
from watchglass.bus.wire import checked_name, decode_header
from watchglass.model.fact import Fact, SoundBroke

NOTES = st.builds(Note, st.integers(-(2**63), 2**64 - 1), st.binary(max_size=300))
BELLS = st.builds(Bell, st.text(max_size=100))


@given(NOTES | BELLS)
def test_there_and_back(message: Up) -> None:
    assert UP.decode(UP.encode(message)) == message


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_message_or_a_bus_error(garbage: bytes, versioned: bool) -> None:
    with contextlib.suppress(BusError):
        UP.decode(b"\x01" + garbage if versioned else garbage)


@given(NOTES | BELLS, st.data())
def test_a_message_that_was_cut_or_altered(message: Up, data: st.DataObject) -> None:
    encoded = bytearray(UP.encode(message))
    place = data.draw(st.integers(0, len(encoded) - 1))
    if data.draw(st.booleans()):
        encoded[place] ^= data.draw(st.integers(1, 255))
    else:
        del encoded[place:]
    with contextlib.suppress(BusError):
        assert type(UP.decode(bytes(encoded))) in (Note, Bell)


@pytest.mark.parametrize(
    ("encoded", "says"),
    [
        (b"", "empty"),
        (b"\x02\x80", "version 2"),
        (b"\x01" + msgspec.msgpack.encode(Ack(1)), "'ack'"),
        (b"\x01" + msgspec.msgpack.encode({"type": "x" * 10_000}), "xxx"),
        (b"\x01" + msgspec.msgpack.encode({"type": "note", "number": "1"}), "number"),
        (b"\x01\xdd\xff\xff\xff\xff", "cannot be understood"),
        (b"\x01" + b"\x91" * 100_000, "cannot be understood"),
        (b"\x01" * (1024 * 1024 + 1), "1048577 bytes"),
    ],
)
def test_says_what_is_wrong(encoded: bytes, says: str) -> None:
    with pytest.raises(BusError, match=says) as raised:
        UP.decode(encoded)
    assert len(raised.value.sentence) < 400


def test_deep_nesting_is_an_error_like_any_other() -> None:
    class Anything(msgspec.Struct, tag="anything"):
        value: object

    nested = b"\x01\x82\xa4type\xa8anything\xa5value" + b"\x91" * 100_000
    with pytest.raises(BusError, match="recursion"):
        Codec[Anything](Anything).decode(nested)


def test_what_cannot_be_sent() -> None:
    with pytest.raises(BusError, match="more than 1048576"):
        UP.encode(Note(1, bytes(1024 * 1024)))
    with pytest.raises(BusError, match="Ack is no message"):
        UP.encode(Ack(1))  # type: ignore[arg-type]
    with pytest.raises(BusError, match="cannot be encoded"):
        UP.encode(Note(2**64))
    with pytest.raises(BusError, match="cannot be encoded"):
        UP.encode(Bell("\ud800"))


def test_only_tagged_structs_make_a_codec() -> None:
    class Plain(msgspec.Struct):
        number: int

    with pytest.raises(TypeError, match="tag"):
        Codec[Plain](Plain)
    with pytest.raises(TypeError, match="tag"):
        Codec[Note | None](Note | None)


def test_the_facts_of_the_product() -> None:
    codec: Codec[Fact] = Codec(Fact)
    assert codec.decode(codec.encode(_sound_broke())) == _sound_broke()


def _sound_broke() -> SoundBroke:
    return msgspec.convert(
        {
            "type": "sound_broke",
            "run": "0" * 32,
            "camera": "1" * 32,
            "stream": "main",
            "wall_ns": 1,
            "what": "late",
        },
        SoundBroke,
    )


@given(st.binary(max_size=64))
def test_any_bytes_are_a_header_or_a_bus_error(garbage: bytes) -> None:
    with contextlib.suppress(BusError):
        decode_header(garbage)


@given(st.text(max_size=80))
def test_names_are_short_and_printable(name: str) -> None:
    good = name.isascii() and name.isprintable() and " " not in name and 1 <= len(name) <= 64
    if good:
        assert checked_name(name) == name
    else:
        with pytest.raises(BusError, match="peer's name"):
            checked_name(name)
