"""How a picture for a notice is asked of the process that reads recordings, and what it says."""

import msgspec

from watchglass.base.ids import CameraId


class PictureWanted(msgspec.Struct, frozen=True, tag="picture_wanted"):
    """The picture on show at ``at_ns`` (UTC), at most ``width`` pixels wide, with masks drawn."""

    number: int
    camera: CameraId
    at_ns: int
    width: int


class PictureTold(msgspec.Struct, frozen=True, tag="picture_told"):
    """A JPEG, or None and a sentence that says why there is none."""

    number: int
    jpeg: bytes | None
    sentence: str = ""
