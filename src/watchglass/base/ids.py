"""Identities: 16 random bytes, written as 32 lowercase hexadecimal digits.

An id is never derived from a name, so renaming a camera moves nothing on disk and two cameras of
one name never share a folder.
"""

import re
import secrets
from typing import NewType

ActId = NewType("ActId", str)
CameraId = NewType("CameraId", str)
CollectorId = NewType("CollectorId", str)
DeviceId = NewType("DeviceId", str)
RunId = NewType("RunId", str)
GapId = NewType("GapId", str)
HoldId = NewType("HoldId", str)
LookId = NewType("LookId", str)
MaskId = NewType("MaskId", str)
NoticeId = NewType("NoticeId", str)
ScanId = NewType("ScanId", str)
VolumeId = NewType("VolumeId", str)

_FORM = re.compile(r"[0-9a-f]{32}")


def random_id() -> str:
    """A new id from the operating system's random source."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an id, and so may be a part of a path."""
    return _FORM.fullmatch(text) is not None
