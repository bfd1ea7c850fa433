"""What a message looks like in bytes: one version byte, then a tagged struct as MessagePack."""

import types
import typing
from typing import Any, Generic, TypeVar

import msgspec

from watchglass.base.errors import BusError

T = TypeVar("T")

ENVELOPE_VERSION = 1
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024

# A hostile kind or field name may be as long as the message; a log line should not be.
_REASON_CHARACTERS = 200

_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


class Codec(Generic[T]):
    """Encodes and decodes the messages of one hop: ``Codec[Fact](Fact)``.

    ``kinds`` is one tagged ``msgspec.Struct`` or a union of them. Whatever the bytes are, only
    BusError is raised. No message is larger than ``limit_bytes``, encoded.
    """

    def __init__(self, kinds: Any, limit_bytes: int = MESSAGE_LIMIT_BYTES) -> None:
        members = typing.get_args(kinds) if _is_union(kinds) else (kinds,)
        for member in members:
            if not _is_tagged(member):
                raise TypeError(f"{member!r} is not a msgspec.Struct with a tag")
        self.limit_bytes = limit_bytes
        self._kinds = frozenset(members)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kinds)

    def encode(self, message: T) -> bytes:
        """The message's bytes; BusError when it is too large or not of this codec."""
        kind = type(message)
        if kind not in self._kinds:
            raise BusError(f"A {kind.__name__} is no message of this hop.")
        encoded = bytearray((ENVELOPE_VERSION,))
        try:
            self._encoder.encode_into(message, encoded, 1)
        except (*_UNREADABLE, TypeError, OverflowError) as error:
            raise BusError(f"A {kind.__name__} cannot be encoded: {_short(error)}.") from error
        if len(encoded) > self.limit_bytes:
            raise BusError(
                f"A {kind.__name__} has {len(encoded)} bytes, more than {self.limit_bytes}."
            )
        return bytes(encoded)

    def decode(self, encoded: bytes) -> T:
        """The message; BusError says what is wrong with the bytes."""
        if len(encoded) > self.limit_bytes:
            raise BusError(f"A message has {len(encoded)} bytes, more than {self.limit_bytes}.")
        if not encoded:
            raise BusError("A message is empty.")
        if encoded[0] != ENVELOPE_VERSION:
            raise BusError(
                f"A message has version {encoded[0]}, this program reads {ENVELOPE_VERSION}."
            )
        try:
            return self._decoder.decode(memoryview(encoded)[1:])
        except _UNREADABLE as error:
            raise BusError(f"A message cannot be understood: {_short(error)}.") from error


def _is_union(kinds: Any) -> bool:
    return typing.get_origin(kinds) in (typing.Union, types.UnionType)


def _is_tagged(member: Any) -> bool:
    return (
        isinstance(member, type)
        and issubclass(member, msgspec.Struct)
        and member.__struct_config__.tag is not None
    )


def _short(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text if len(text) <= _REASON_CHARACTERS else text[:_REASON_CHARACTERS] + "…"
