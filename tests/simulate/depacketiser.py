"""RTP payloads back to NAL units, for tests: RFC 6184 and RFC 7798 read from the other end."""

from collections.abc import Iterable


def nal_units(payloads: Iterable[bytes], codec: str) -> list[bytes]:
    units: list[bytes] = []
    open_unit: bytearray | None = None
    header = 1 if codec == "h264" else 2
    for payload in payloads:
        kind = payload[0] & 0x1F if codec == "h264" else payload[0] >> 1 & 0x3F
        if kind == (24 if codec == "h264" else 48):
            assert open_unit is None
            at = header
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                assert size > 0
                units.append(payload[at + 2 : at + 2 + size])
                assert len(units[-1]) == size
                at += 2 + size
        elif kind == (28 if codec == "h264" else 49):
            flags = payload[header]
            if flags & 0x80:
                assert open_unit is None
                assert not flags & 0x40, "a unit in one fragment"
                open_unit = bytearray(_unit_header(payload, codec))
            assert open_unit is not None
            open_unit += payload[header + 1 :]
            if flags & 0x40:
                units.append(bytes(open_unit))
                open_unit = None
        else:
            assert open_unit is None
            units.append(payload)
    assert open_unit is None
    return units


def _unit_header(payload: bytes, codec: str) -> bytes:
    if codec == "h264":
        return bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
    return bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
