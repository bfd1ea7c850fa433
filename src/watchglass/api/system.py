"""Route: how the recorder and its machine are."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from watchglass.access.policy import Action, User
from watchglass.api.cameradetail import VolumeInfo, volume_info
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.model.metric import Sample

router = APIRouter(prefix=PREFIX, tags=["system"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_QUEUE = "watchglass_stream_queue_"
_LEFT_OUT = ("dropped", "lost_packets", "_refused", "send_failed", "skipped")
_MOST_DROPS = 100
Reader = Annotated[User, Depends(Signed(Action.SEE_SYSTEM))]


class ProcessInfo(BaseModel):
    """``fence_whole``: the kernel keeps it from all that is not its own."""

    name: str
    pid: int
    since_ms: int
    restarts: int
    cameras: int
    fence: str
    fence_whole: bool
    cpu_s: float | None
    resident_bytes: int | None


class QueueInfo(BaseModel):
    """What waits for the disk, of one stream; ``dropped`` fragments found no room."""

    camera: str
    stream: str
    policy: str
    bytes: int
    limit_bytes: int
    dropped: int


class DropInfo(BaseModel):
    """A counter of what was left out, by its name among the numbers for monitors."""

    name: str
    labels: str
    count: int


class FindingInfo(BaseModel):
    """One thing that was looked at; the last three explain it, where anything does."""

    about: str
    value: str
    meaning: str
    verdict: Literal["fine", "note", "wrong"]
    means: str
    normal: str
    otherwise: str


class LogLineInfo(BaseModel):
    at: str = Field(description="UTC, as the process wrote it.")
    level: str
    process: str
    text: str


class SystemInfo(BaseModel):
    """All of the recorder. ``lines``: the newest of each process, as long as it lives."""

    version: str
    started_ms: int
    now_ms: int
    clock_kept: bool | None
    backup_ms: int | None
    processes: list[ProcessInfo]
    volumes: list[VolumeInfo]
    queues: list[QueueInfo]
    drops: list[DropInfo]
    findings: list[FindingInfo]
    lines: list[LogLineInfo]


@router.get("/system", operation_id="getSystem")
async def get_system(request: Request, _: Reader) -> SystemInfo:
    """Processes, disks, queues, what was left out, and what needs somebody."""
    of = services(request)
    return await of.blocking.patiently(_system, of)


def _system(of: Services) -> SystemInfo:
    report, samples = of.ports.system(), of.ports.numbers()
    numbers = {(each.metric, each.labels): each.value for each in samples}

    def of_process(name: str, metric: str) -> float | None:
        return numbers.get((f"watchglass_process_{metric}", (name,)))

    return SystemInfo(
        version=report.version,
        started_ms=report.started_ns // _NS_PER_MS,
        now_ms=of.ports.clock.wall_ns() // _NS_PER_MS,
        clock_kept=report.clock_kept,
        backup_ms=report.backup_ns // _NS_PER_MS if report.backup_ns is not None else None,
        processes=[
            ProcessInfo(
                name=each.name,
                pid=each.pid,
                since_ms=each.since_ns // _NS_PER_MS,
                restarts=each.restarts,
                cameras=each.cameras,
                fence=each.fence,
                fence_whole=each.fence_whole,
                cpu_s=of_process(each.name, "cpu_seconds_total"),
                resident_bytes=_whole(of_process(each.name, "resident_bytes")),
            )
            for each in report.processes
        ],
        volumes=[volume_info(each) for each in of.ports.of_cameras.volumes()],
        queues=_queues(samples),
        drops=_drops(samples),
        findings=[
            FindingInfo(
                about=each.about,
                value=each.value,
                meaning=each.meaning,
                verdict=each.verdict,
                means=each.means,
                normal=each.normal,
                otherwise=each.otherwise,
            )
            for each in report.findings
        ],
        lines=[
            LogLineInfo(at=each.at, level=each.level, process=each.process, text=each.text)
            for each in report.lines
        ],
    )


def _queues(samples: Sequence[Sample]) -> list[QueueInfo]:
    by_stream: dict[tuple[str, ...], dict[str, float]] = {}
    for each in samples:
        if each.metric.startswith(_QUEUE) and len(each.labels) == 3:
            by_stream.setdefault(each.labels, {})[each.metric.removeprefix(_QUEUE)] = each.value
    return [
        QueueInfo(
            camera=camera,
            stream=stream,
            policy=policy,
            bytes=round(found.get("bytes", 0)),
            limit_bytes=round(found.get("limit_bytes", 0)),
            dropped=round(found.get("dropped_total", 0)),
        )
        for (camera, stream, policy), found in by_stream.items()
    ]


def _drops(samples: Sequence[Sample]) -> list[DropInfo]:
    """What was left out anywhere, the most first; what left nothing out is not named."""
    found = [
        DropInfo(name=each.metric, labels=" ".join(each.labels), count=round(each.value))
        for each in samples
        if each.value >= 1 and any(sign in each.metric for sign in _LEFT_OUT)
    ]
    return sorted(found, key=lambda each: (-each.count, each.name, each.labels))[:_MOST_DROPS]


def _whole(number: float | None) -> int | None:
    return round(number) if number is not None else None
