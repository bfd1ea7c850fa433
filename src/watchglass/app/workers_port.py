"""Who records, as those see it who change what is recorded."""

from typing import Protocol

from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.assignment import AssignedCamera, AssignedStream
from watchglass.model.camera import Camera
from watchglass.model.gap import GapCause
from watchglass.model.restream import Restream
from watchglass.model.steering import Spoken


class Workers(Protocol):
    """Who records; nobody while no recorder runs."""

    def record(self, cameras: list[AssignedCamera]) -> None: ...

    def allow(self, hosts: frozenset[str]) -> None: ...

    def stop_recording(self, camera: CameraId, cause: GapCause) -> None: ...

    def look_at(self, camera: CameraId, on: bool) -> None: ...

    def use_volumes(self, volumes: list[tuple[VolumeId, str]]) -> None: ...

    def speak(self, cameras: list[Spoken]) -> None: ...

    def hand_on(self, restreams: tuple[Restream, ...]) -> None: ...


class NoWorkers:
    """While no recorder runs, a change waits for its next start."""

    def record(self, cameras: list[AssignedCamera]) -> None:
        """Nothing to do."""

    def allow(self, hosts: frozenset[str]) -> None:
        """Nothing to do."""

    def stop_recording(self, camera: CameraId, cause: GapCause) -> None:
        """Nothing to do."""

    def look_at(self, camera: CameraId, on: bool) -> None:
        """Nothing to do."""

    def use_volumes(self, volumes: list[tuple[VolumeId, str]]) -> None:
        """Nothing to do."""

    def speak(self, cameras: list[Spoken]) -> None:
        """Nothing to do."""

    def hand_on(self, restreams: tuple[Restream, ...]) -> None:
        """Nothing to do."""


def assigned(camera: Camera) -> AssignedCamera:
    """What its worker is given. ``camera`` with its credentials."""
    credentials = camera.credentials
    return AssignedCamera(
        camera.id, camera.volume,
        tuple(
            AssignedStream(each.stream, each.url, each.transport, each.fingerprint)
            for each in camera.streams
        ),
        credentials.user if credentials else "",
        credentials.password.reveal() if credentials else "",
        camera.sound,
        analysis=camera.analysis,
    )  # fmt: skip
