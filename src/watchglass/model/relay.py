"""What the api and the camera-workers say to each other about live pictures and sound.

The api tells every worker, because it does not know which one has a camera, and camera and worker
may come later. ``watch`` names a wish, another name each time: what still comes for an old one is
not taken for a new one's.
"""

from typing import TypeAlias

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.live import LiveFrame, LiveShape, LiveSound, LiveSoundShape
from watchglass.model.stream import StreamName


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """Somebody watches: relay that stream from now on. Said twice, it counts once."""

    watch: str
    camera: CameraId
    stream: StreamName


class Listen(msgspec.Struct, frozen=True, tag="listen"):
    """Somebody hears: relay the sound of that stream from now on."""

    watch: str
    camera: CameraId
    stream: StreamName


class Unwatch(msgspec.Struct, frozen=True, tag="unwatch"):
    """Nobody watches or hears any more; what is under way is not wanted either."""

    watch: str


class Relayed(msgspec.Struct, frozen=True, tag="relayed"):
    """Pictures of a watched stream, in order."""

    watch: str
    items: tuple[LiveShape | LiveFrame, ...]


class Sounded(msgspec.Struct, frozen=True, tag="sounded"):
    """Sound of a stream that is listened to, in order."""

    watch: str
    items: tuple[LiveSoundShape | LiveSound, ...]


FromApi: TypeAlias = Watch | Listen | Unwatch
FromWorker: TypeAlias = Relayed | Sounded
