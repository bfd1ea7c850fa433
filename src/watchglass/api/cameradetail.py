"""Routes: one camera with all that is known of it, and what removed cameras left."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from watchglass.access.policy import Action, User
from watchglass.api.archive import path_of
from watchglass.api.cameraports import CameraAbout, VolumeNow
from watchglass.api.cameras import CameraInfo, Id, camera_info
from watchglass.api.measured import begun_runs, measured, tallies
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, allowed_times
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.standing import Standing, StreamStanding, standings
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.camera import Camera, StreamAddress, Transport
from watchglass.model.gap import GapCause
from watchglass.model.schedule import PauseSchedule, WeeklySpan, next_pause
from watchglass.model.statement import Place, Statement
from watchglass.model.stream import StreamName, Track

router = APIRouter(prefix=PREFIX, tags=["cameras"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_DAY_NS = 24 * 3600 * NS_PER_S
_CLOCK = "watchglass_stream_clock_offset_seconds"
_AHEAD_NS = 60 * NS_PER_S
Seer = Annotated[User, Depends(Signed(Action.SEE_CAMERA))]


class GapsOfCause(BaseModel):
    """Gaps of one cause; the last of them is where to look."""

    cause: GapCause
    count: int
    missing_ms: int
    last_from_ms: int
    last_to_ms: int


class Lately(BaseModel):
    """A day or a week of a stream. ``begun``: how often it began anew."""

    from_ms: int
    missing_ms: int
    begun: int
    gaps: list[GapsOfCause]


class StreamDetail(BaseModel):
    """What is counted in the last recorded minute is None while there is none."""

    name: StreamName
    url: str = Field(description="Without user name and password.")
    host: str
    transport: Transport
    fingerprint: str
    codec: str | None
    width: int | None
    height: int | None
    sound: str | None
    fps: float | None
    bit_rate: int | None
    gop_s: float | None
    clock_s: float | None = Field(description="The camera's clock less ours, where it tells.")
    retention_h: int
    events_h: int | None
    day: Lately
    week: Lately


class StatementBody(BaseModel):
    """What people state of a camera. ``sign`` empty: it is drafted from the rest."""

    purpose: str = Field("", max_length=2000)
    legal_basis: str = Field("", max_length=2000)
    sign: str = Field("", max_length=2000)
    place: Place = Place.ORDINARY
    public: bool = True
    clip_reason: bool = Field(False, description="A clip of it needs a reason.")
    export_consent: bool = Field(False, description="Evidence of it takes a second person.")


class StatementInfo(StatementBody):
    refuses_rules: bool


class SpanBody(BaseModel):
    """Minutes of the day; one that ends before it begins goes on into the next day."""

    days: list[int] = Field(min_length=1, max_length=7, description="0 is Monday.")
    from_min: int = Field(ge=0, lt=1440)
    to_min: int = Field(ge=0, le=1440)


class ScheduleBody(BaseModel):
    """Weekly pauses, by the clock of the time zone."""

    zone: str = Field(min_length=1, max_length=64)
    spans: list[SpanBody] = Field(min_length=1, max_length=50)
    reason: str = Field(min_length=1, max_length=500)


class ScheduleInfo(ScheduleBody):
    by: str
    next_ms: int | None = Field(description="When the next pause begins.")


class DeviceBehind(BaseModel):
    """A device that stood, or stands, in the camera's place, from ``since_ms`` on."""

    number: int
    since_ms: int
    identity: str
    host: str
    by: str
    reason: str


class VolumeInfo(BaseModel):
    """A volume as of now; ``days``: how many fit on it at today's rate."""

    id: str
    path: str
    draining: bool
    cameras: int
    recorded_bytes: int
    free_bytes: int | None
    bytes_per_day: int | None
    days: float | None


class CameraDetail(BaseModel):
    """All of a camera. ``longest_h``: up to which nobody is asked why recordings are kept."""

    camera: CameraInfo
    streams: list[StreamDetail]
    kept_from_ms: int | None
    bytes: int
    volume: VolumeInfo | None
    volumes: list[VolumeInfo]
    user: str = Field(description="As whom the camera is signed in to; its password is not told.")
    retention_h: int | None
    default_h: int
    longest_h: int
    country: str | None
    statement: StatementInfo
    schedule: ScheduleInfo | None
    devices: list[DeviceBehind] = Field(description="In its place so far; the last is there now.")
    now_ms: int


class RemovedInfo(BaseModel):
    """A removed camera, and what is left of it."""

    id: str
    name: str
    erase: bool
    bytes: int
    gone_by_ms: int | None = Field(description="By when the last is deleted; None: at once.")


class RemovedList(BaseModel):
    cameras: list[RemovedInfo]


@router.get(
    "/removed", operation_id="listRemoved", dependencies=[Depends(Signed(Action.SEE_SYSTEM))]
)
async def list_removed(request: Request) -> RemovedList:
    """Removed cameras of which recordings are left."""
    of = services(request)
    return await of.blocking(_removed, of)


@router.get("/cameras/{camera}", operation_id="getCamera")
async def get_camera(request: Request, user: Seer, camera: Id) -> CameraDetail:
    """A camera with all that is known of it; where it is and how one signs in to it is for those
    who may change it."""
    of = services(request)
    found = await of.blocking(detail, of, CameraId(camera))
    if allowed_times(request, user, Action.CONFIGURE, CameraId(camera)):
        return found
    hidden = {"url": "", "host": "", "fingerprint": ""}
    streams = [each.model_copy(update=hidden) for each in found.streams]
    devices = [each.model_copy(update={"host": "", "by": ""}) for each in found.devices]
    return found.model_copy(
        update={"streams": streams, "user": "", "volumes": [], "devices": devices}
    )


def detail(of: Services, camera: CameraId) -> CameraDetail:
    """Blocks. NotFoundError for a camera that is none, or removed."""
    ports = of.ports
    found = next((e for e in standings(ports, of.files) if e.camera.id == camera), None)
    if found is None:
        raise NotFoundError("There is no such camera.")
    about = ports.of_cameras.about(camera)
    volumes = [volume_info(each) for each in ports.of_cameras.volumes()]
    now_ns = ports.clock.wall_ns()
    clocks = _clocks(of, camera)
    with ports.index.read() as index:
        oldest = index.oldest_closed_of(camera, now_ns + _DAY_NS, 1)
        size = index.bytes_by_camera().get(camera, 0)
    own = found.camera
    return CameraDetail(
        camera=camera_info(found, ports.words),
        streams=[
            _stream(of, found, address, standing, about, now_ns).model_copy(
                update={"clock_s": clocks.get(address.stream.value)}
            )
            for address, standing in zip(own.streams, found.streams, strict=True)
        ],
        kept_from_ms=oldest[0].wall_from // _NS_PER_MS if oldest else None,
        bytes=size,
        volume=next((each for each in volumes if each.id == own.volume), None),
        volumes=volumes,
        user=about.user,
        retention_h=own.retention_h,
        default_h=about.default_h,
        longest_h=about.longest_h,
        country=about.country,
        statement=_statement(about.statement),
        schedule=_schedule(about.schedule, now_ns),
        devices=[
            DeviceBehind(
                number=each.number, since_ms=each.since_ns // _NS_PER_MS, identity=each.identity,
                host=each.host, by=each.by, reason=each.reason,
            )
            for each in about.devices
        ],
        now_ms=now_ns // _NS_PER_MS,
    )  # fmt: skip


def _stream(
    of: Services,
    found: Standing,
    address: StreamAddress,
    standing: StreamStanding,
    about: CameraAbout,
    now_ns: int,
) -> StreamDetail:
    own, newest = found.camera, standing.newest
    counted = None
    if newest is not None:
        try:
            file = of.files.file(path_of(of.ports, newest))
            counted = measured(file.of(Track.VIDEO))
        except WatchglassError:
            counted = None  # gone with its disk: the gaps say so
    return StreamDetail(
        name=address.stream,
        url=address.url,
        host=_host(address.url),
        transport=address.transport,
        fingerprint=address.fingerprint,
        codec=newest.codec if newest is not None else None,
        width=newest.width if newest is not None else None,
        height=newest.height if newest is not None else None,
        sound=newest.sound or None if newest is not None else None,
        fps=counted.fps if counted is not None else None,
        bit_rate=counted.bit_rate if counted is not None else None,
        gop_s=counted.gop_s if counted is not None else None,
        clock_s=None,
        retention_h=address.retention_h or own.retention_h or about.default_h,
        events_h=address.events_h or own.events_h,
        day=_lately(of, own, address.stream, now_ns - _DAY_NS, now_ns),
        week=_lately(of, own, address.stream, now_ns - 7 * _DAY_NS, now_ns),
    )


def _lately(of: Services, own: Camera, stream: StreamName, from_ns: int, now_ns: int) -> Lately:
    from_ns = max(from_ns, own.added_ns)
    with of.ports.index.read() as index:
        gaps = index.gaps_between(own.id, stream, from_ns, now_ns + _AHEAD_NS)
        files = index.files_between(own.id, stream, from_ns, now_ns + _AHEAD_NS)
    rows = tallies(gaps, from_ns, now_ns)
    return Lately(
        from_ms=from_ns // _NS_PER_MS,
        missing_ms=sum(each.missing_ns for each in rows) // _NS_PER_MS,
        begun=begun_runs(files),
        gaps=[
            GapsOfCause(
                cause=each.cause,
                count=each.count,
                missing_ms=each.missing_ns // _NS_PER_MS,
                last_from_ms=each.last_from_ns // _NS_PER_MS,
                last_to_ms=each.last_to_ns // _NS_PER_MS,
            )
            for each in rows
        ],
    )


def _clocks(of: Services, camera: CameraId) -> dict[str, float]:
    """By stream; empty while the processes do not answer."""
    try:
        samples = of.ports.numbers()
    except WatchglassError:
        return {}
    return {
        each.labels[1]: each.value
        for each in samples
        if each.metric == _CLOCK and each.labels[0] == camera
    }


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _statement(found: Statement) -> StatementInfo:
    return StatementInfo(
        purpose=found.purpose,
        legal_basis=found.legal_basis,
        sign=found.sign,
        place=found.place,
        public=found.public,
        clip_reason=found.clip_reason,
        export_consent=found.export_consent,
        refuses_rules=found.refuses_rules,
    )


def _schedule(found: PauseSchedule | None, now_ns: int) -> ScheduleInfo | None:
    if found is None:
        return None
    next_ns = next_pause(found, now_ns)
    return ScheduleInfo(
        zone=found.zone,
        spans=[_span(each) for each in found.spans],
        reason=found.reason,
        by=found.by,
        next_ms=next_ns // _NS_PER_MS if next_ns is not None else None,
    )


def _span(span: WeeklySpan) -> SpanBody:
    return SpanBody(days=list(span.days), from_min=span.from_min, to_min=span.to_min)


def volume_info(found: VolumeNow) -> VolumeInfo:
    """A volume as the API tells it."""
    return VolumeInfo(
        id=found.id, path=found.path, draining=found.draining, cameras=found.cameras,
        recorded_bytes=found.recorded_bytes, free_bytes=found.free_bytes,
        bytes_per_day=found.bytes_per_day, days=found.days,
    )  # fmt: skip


def _removed(of: Services) -> RemovedList:
    removed = of.ports.of_cameras.removed()
    with of.ports.index.read() as index:
        sizes = index.bytes_by_camera() if removed else {}
        newest = {
            each.id: max(
                (
                    file.wall_to
                    for stream in StreamName
                    for file in index.files_between(each.id, stream, 0, 1 << 62)[-1:]
                ),
                default=None,
            )
            for each in removed
            if sizes.get(each.id)
        }
    return RemovedList(
        cameras=[
            RemovedInfo(
                id=each.id,
                name=each.name,
                erase=each.erase,
                bytes=sizes[each.id],
                gone_by_ms=None
                if each.erase or last_ns is None
                else (last_ns + each.hours * 3600 * NS_PER_S) // _NS_PER_MS,
            )
            for each in removed
            for last_ns in [newest.get(each.id)]
            if each.id in newest
        ]
    )
