"""The frames two ends of a hop exchange, and the rules they keep.

A client opens a connection and says ``Hello``; the server answers ``Welcome`` or ``Refused``. Each
connection is one session: nothing reconnects beneath it, so within a session nothing is lost,
repeated or reordered without being noticed (``Data`` is numbered from 0 in each direction).

Each side grants the other a credit in bytes. A message may be sent while the balance is above
zero, so at most the credit and one message are under way; the receiver gives credit back when its
owner has dealt with a message.

Each side says something at least every ``BEAT_S``: a ``Beat``, which also carries credit too small
to be worth a frame of its own, unless there was a message and no credit is due. To be woken up
costs more than to beat, so whoever is awake for another reason, such as the other side's beat,
does what is due before long at once.

ZeroMQ's queue of a connection, of which there is one in each direction at each end, is two blocks
of 256 frames, 16 KiB each, and a page of them is taken only when the first frame comes to lie in
it. At a beat every three seconds that lasts 25 minutes, in all processes, and cannot be told from a
leak. So each side begins with as many ``Pad`` frames as go once through both blocks.

What comes is matched by the names of fields, ``Data(number=number)``: without them Python 3.11 asks
each class for ``__match_args__`` by a new string, and keeps that in its cache of attributes.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from watchglass.base.errors import BusError
from watchglass.bus.proof import PROOF_CHARS

PROTOCOL = 2
BEAT_S = 3.0
LOST_AFTER_BEATS = 3
CREDIT_BYTES = 4 * 1024 * 1024
HEADER_LIMIT_BYTES = 1024
PADS = 512

# What a waiting message costs beside its bytes. Without it, a credit in bytes would let a flood of
# empty messages through, each of which is a few Python objects.
MESSAGE_OVERHEAD_BYTES = 256

Bytes = Annotated[int, Meta(ge=0, le=2**40)]
Name = Annotated[str, Meta(pattern=r"\A[!-~]{1,64}\Z")]
Proof = Annotated[str, Meta(max_length=PROOF_CHARS)]
Sentence = Annotated[str, Meta(max_length=500)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="h"):
    """First frame of a client; ``credit_bytes`` is what the server may send it, ``proof`` shows
    that it may have that name."""

    protocol: int
    name: Name
    credit_bytes: Bytes
    proof: Proof = ""


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag="w"):
    """The server's answer; ``instance`` is another text after each start of the server.

    ``credit_bytes`` is what the client may send, ``taken_bytes`` what the server takes of the
    credit in the Hello: what a peer grants bounds what ZeroMQ may hold for it, so a server does
    not take strangers at their word.
    """

    instance: Annotated[str, Meta(max_length=64)]
    credit_bytes: Bytes
    taken_bytes: Bytes


class Refused(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """The session is over or never began; ``final``: asking again cannot help."""

    sentence: Sentence
    final: bool


class Data(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """Announces one message, which is the next frame."""

    number: int


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """Alive; gives ``credit_bytes`` back (0: only alive)."""

    credit_bytes: Bytes


class Pad(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """Nothing: it takes up a place."""


Header = Hello | Welcome | Refused | Data | Beat | Pad

encode_header = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Header] = msgspec.msgpack.Decoder(Header)
_name_decoder: msgspec.msgpack.Decoder[str] = msgspec.msgpack.Decoder(Name)


def decode_header(frame: bytes) -> Header:
    """The header; BusError for anything else."""
    if len(frame) > HEADER_LIMIT_BYTES:
        raise BusError("A frame on the bus is longer than any header.")
    try:
        return _decoder.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BusError("A frame on the bus is not of this protocol.") from error


def checked_name(name: str) -> str:
    """``name`` if it can stand in a Hello: 1 to 64 printable ASCII characters, no blanks."""
    try:
        return _name_decoder.decode(encode_header(name))
    except (msgspec.MsgspecError, ValueError) as error:
        raise BusError(f"{name!r} cannot be a peer's name: 1 to 64 of ! to ~ only.") from error


def weight_bytes(payload: bytes) -> int:
    """What a message counts against queues and credits."""
    return len(payload) + MESSAGE_OVERHEAD_BYTES
