"""Changes of a camera: in the database, in the ledger, and with whoever records it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from tests.recording.keeper_making import Site as Keeping
from watchglass.app.adding import edit_found
from watchglass.app.cli.camera_changes import parse_span, span_words
from watchglass.app.keeper_port import OwnKeeper
from watchglass.app.left_out import analysed
from watchglass.app.site import Site, SiteRequest
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, HoldId, VolumeId, random_id
from watchglass.config.settings import Settings
from watchglass.model.assignment import AssignedCamera
from watchglass.model.camera import CameraState, OnvifAddress, Transport
from watchglass.model.control import (
    AddCameraRequest,
    AnalysisRequest,
    DisableRequest,
    EditCameraRequest,
    HoldRequest,
    PauseRequest,
    RemoveCameraRequest,
    ResumeRequest,
    ScheduleRequest,
    StateCameraRequest,
)
from watchglass.model.gap import GapCause
from watchglass.model.restream import Restream
from watchglass.model.schedule import PauseSchedule, WeeklySpan
from watchglass.model.statement import Place, Statement
from watchglass.model.steering import Spoken
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import Ledger, Line
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault

MAIN, SUB = StreamName.MAIN, StreamName.SUB
# Monday to Friday, 7 to 16 o'clock in Vienna.
SCHOOL = PauseSchedule("Europe/Vienna", (WeeklySpan((0, 1, 2, 3, 4), 420, 960),), "lessons")


@dataclass
class Told:
    """What the workers are told, instead of workers."""

    recording: dict[CameraId, AssignedCamera] = field(default_factory=dict)
    stopped: list[GapCause] = field(default_factory=list)
    hosts: frozenset[str] = frozenset()
    spoken: list[Spoken] = field(default_factory=list)
    restreams: tuple[Restream, ...] = ()

    def record(self, cameras: list[AssignedCamera]) -> None:
        self.recording |= {each.camera: each for each in cameras}

    def allow(self, hosts: frozenset[str]) -> None:
        self.hosts = hosts

    def stop_recording(self, camera: CameraId, cause: GapCause) -> None:
        self.recording.pop(camera, None)
        self.stopped.append(cause)

    def look_at(self, camera: CameraId, on: bool) -> None:
        self.recording[camera] = replace(self.recording[camera], analysis=on)

    def use_volumes(self, volumes: list[tuple[VolumeId, str]]) -> None:
        """Nobody moves here."""

    def hand_on(self, restreams: tuple[Restream, ...]) -> None:
        self.restreams = restreams

    def speak(self, cameras: list[Spoken]) -> None:
        self.spoken = cameras


class Bed:
    """A site with one camera, its own keeper, and no process."""

    def __init__(self, folder: Path) -> None:
        self.keeping = Keeping(folder)
        self.keeping.start()
        self.clock = self.keeping.clock
        vault = Vault(folder / "keys" / "secrets", Disk())
        (folder / "keys").mkdir()
        self.store = SiteStore(folder / "site.db", vault, self.clock)
        self.store.add_volume(self.keeping.volume.id, self.keeping.volume.path)
        self.told = Told()
        self.site = Site(self.store, OwnKeeper(self.keeping.running), self.told, self.clock)
        streams = ((MAIN, "rtsp://10.0.0.7/main"), (SUB, "rtsp://10.0.0.7/sub"))
        self.camera = self.site.add_camera(
            AddCameraRequest("Hall", streams, "admin", "sesame", "", "me")
        )

    def lines(self) -> list[Line]:
        self.keeping.cycle()
        return list(Ledger.read_lines(self.keeping.state / "ledger" / self.camera))

    def last(self, type: str) -> Line:
        return [line for line in self.lines() if line.type == type][-1]

    def causes(self) -> set[GapCause | None]:
        """Of the gaps that are open now."""
        self.keeping.cycle()
        with self.keeping.running.index.read() as index:
            gaps = [index.open_gap(self.camera, stream) for stream in (MAIN, SUB)]
        return {gap.cause if gap is not None else None for gap in gaps}

    def at(self, *when: int) -> None:
        """Set the clock; UTC."""
        wanted = round(datetime(*when, tzinfo=UTC).timestamp()) * NS_PER_S  # type: ignore[misc, arg-type]
        self.clock.step_wall(wanted - self.clock.wall_ns())

    def due(self) -> CameraState:
        self.site.keep_schedules()
        return self.store.camera(self.camera).state

    def close(self) -> None:
        self.store.close()
        self.keeping.kill_keeper()


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.close()


def edit(bed: Bed, **more: object) -> CameraId | None:
    return bed.site.carry_out(EditCameraRequest(bed.camera, "me", look=False, **more))  # type: ignore[arg-type]


# --- looked at or not -----------------------------------------------------------------------------


def test_one_that_is_not_looked_at_is_recorded_on_and_its_ledger_says_by_whose_will(
    bed: Bed,
) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        bed.site.carry_out(AnalysisRequest(bed.camera, "me", on=False))
    with pytest.raises(UsageError, match="0 to 3"):
        bed.site.carry_out(AnalysisRequest(bed.camera, "me", priority=4))
    bed.site.carry_out(AnalysisRequest(bed.camera, "me", on=False, reason="works council"))
    assert bed.last("camera_changed").fields["what"] == ["analysis"]
    texts = "".join(path.read_text() for path in bed.keeping.state.rglob("texts/*.json"))
    assert "switched off: works council" in texts
    assert not bed.told.recording[bed.camera].analysis
    assert bed.told.stopped == []
    bed.site.take_up()
    assert not bed.told.recording[bed.camera].analysis
    bed.site.carry_out(AnalysisRequest(bed.camera, "me", on=True, priority=2))
    assert bed.told.recording[bed.camera].analysis
    known = bed.store.camera(bed.camera)
    assert (known.analysis, known.priority) == (True, 2)
    assert [each.priority for each in analysed(bed.store, bed.clock.wall_ns())] == [2]
    lines = len(bed.lines())
    bed.site.carry_out(AnalysisRequest(bed.camera, "me", priority=2))
    assert len(bed.lines()) == lines


# --- on and off -----------------------------------------------------------------------------------


@pytest.mark.full
def test_one_that_is_switched_off_is_a_gap_of_that_cause_until_it_is_enabled(bed: Bed) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        bed.site.carry_out(DisableRequest(bed.camera, "me", " "))
    bed.site.carry_out(DisableRequest(bed.camera, "me", "building site"))
    assert bed.told.recording == {}
    assert bed.causes() == {GapCause.DISABLED}
    assert bed.last("camera_disabled").fields["reason"]
    assert bed.store.camera(bed.camera).state is CameraState.DISABLED
    with pytest.raises(RefusedError, match="already"):
        bed.site.carry_out(DisableRequest(bed.camera, "me", "again"))
    # Nobody records it, also after a start; and a crash between changes nothing.
    assert bed.site.take_up() == 0
    bed.keeping.kill_keeper()
    bed.keeping.start()
    assert bed.causes() == {GapCause.DISABLED}
    other = Site(bed.store, OwnKeeper(bed.keeping.running), bed.told, bed.clock)
    other.carry_out(ResumeRequest(bed.camera, "me", ""))
    assert bed.causes() == {GapCause.WAITING_KEY_FRAME}
    assert list(bed.told.recording) == [bed.camera]
    bed.keeping.check()


def test_a_schedule_pauses_and_resumes_and_gives_its_reason(bed: Bed) -> None:
    bed.at(2026, 7, 6, 4, 59, 50)  # a Monday, a moment before 7 in Vienna
    bed.site.carry_out(ScheduleRequest(bed.camera, SCHOOL, "head"))
    assert bed.last("camera_changed").fields["what"] == ["schedule"]
    assert bed.due() is CameraState.ENABLED
    bed.at(2026, 7, 6, 5, 0)
    assert bed.due() is CameraState.PAUSED
    assert bed.causes() == {GapCause.PAUSED}
    paused = bed.last("camera_paused")
    assert paused.integer("until") == round(datetime(2026, 7, 6, 14, tzinfo=UTC).timestamp()) * (
        NS_PER_S
    )
    texts = "".join(path.read_text() for path in bed.keeping.state.rglob("texts/*.json"))
    assert "schedule, set by head" in texts
    assert "lessons" in texts
    assert bed.due() is CameraState.PAUSED
    assert bed.told.stopped == [GapCause.PAUSED]
    bed.at(2026, 7, 6, 14, 0)
    assert bed.due() is CameraState.ENABLED
    bed.keeping.check()


def test_who_resumes_it_by_hand_has_it_until_the_next_span(bed: Bed) -> None:
    bed.at(2026, 7, 6, 5, 0)
    bed.site.carry_out(ScheduleRequest(bed.camera, SCHOOL, "head"))
    assert bed.due() is CameraState.PAUSED
    bed.site.carry_out(ResumeRequest(bed.camera, "guard", "an alarm"))
    for hour in (6, 13):
        bed.at(2026, 7, 6, hour, 59)
        assert bed.due() is CameraState.ENABLED
    bed.at(2026, 7, 7, 5, 0)
    assert bed.due() is CameraState.PAUSED


def test_a_pause_by_hand_is_not_ended_by_a_schedule_and_one_of_a_schedule_by_its_end(
    bed: Bed,
) -> None:
    bed.at(2026, 7, 6, 4, 0)
    bed.site.carry_out(ScheduleRequest(bed.camera, SCHOOL, "head"))
    bed.site.carry_out(PauseRequest(bed.camera, None, "guard", "painting"))
    bed.at(2026, 7, 6, 16, 0)
    assert bed.due() is CameraState.PAUSED
    bed.site.carry_out(ScheduleRequest(bed.camera, None, "head"))
    assert bed.due() is CameraState.PAUSED
    bed.site.carry_out(ResumeRequest(bed.camera, "guard", ""))

    bed.at(2026, 7, 7, 5, 0)
    bed.site.carry_out(ScheduleRequest(bed.camera, SCHOOL, "head"))
    assert bed.due() is CameraState.PAUSED
    bed.site.carry_out(ScheduleRequest(bed.camera, None, "head"))
    assert bed.due() is CameraState.ENABLED
    assert bed.causes() == {GapCause.WAITING_KEY_FRAME}


def test_a_recorder_that_starts_inside_a_span_does_not_record_first(bed: Bed) -> None:
    bed.at(2026, 7, 6, 4, 0)
    bed.site.carry_out(ScheduleRequest(bed.camera, SCHOOL, "head"))
    bed.at(2026, 7, 6, 9, 0)
    bed.told.recording.clear()
    assert bed.site.take_up() == 0
    assert bed.told.recording == {}
    assert bed.causes() == {GapCause.PAUSED}


# --- edit -----------------------------------------------------------------------------------------


def test_a_camera_is_renamed_without_a_break(bed: Bed) -> None:
    edit(bed, name="  Entrance ")
    assert bed.store.camera(bed.camera).name == "Entrance"
    assert bed.told.stopped == []
    changed = bed.last("camera_changed")
    assert changed.fields["what"] == ["name"]
    count = len(bed.lines())
    edit(bed, name="Entrance")
    assert len(bed.lines()) == count
    bed.keeping.check()


def test_an_address_changes_and_its_password_stays_with_its_host(bed: Bed) -> None:
    edit(bed, streams=((SUB, "rtsp://10.0.0.7/low"),))
    assert [each.url for each in bed.told.recording[bed.camera].streams] == [
        "rtsp://10.0.0.7/main", "rtsp://10.0.0.7/low",
    ]  # fmt: skip
    assert bed.told.recording[bed.camera].password == "sesame"
    assert bed.told.stopped == [GapCause.WAITING_KEY_FRAME]
    # Whoever may set addresses must not have the password sent to an address of his own.
    for url in ("rtsp://10.0.0.66/main", "rtsp://10.0.0.7:8554/main", "rtsps://10.0.0.7/main"):
        with pytest.raises(UsageError, match="give its password again"):
            edit(bed, streams=((MAIN, url),))
        with pytest.raises(UsageError, match="give its password again"):
            edit(bed, streams=((MAIN, url),), user="other")
    edit(bed, streams=((MAIN, "rtsp://10.0.0.66/main"),), password="fresh")
    told = bed.told.recording[bed.camera]
    assert (told.user, told.password) == ("admin", "fresh")
    edit(bed, streams=((MAIN, "rtsp://10.0.0.67/main"),), user="")
    assert bed.store.camera(bed.camera).credentials is None
    assert bed.last("camera_changed").fields["what"] == ["address", "login"]
    for url in ("rtsp://a:b@10.0.0.7/main", "rtsp://10.0.0.7:0/m"):
        with pytest.raises(UsageError, match="cannot be used"):
            edit(bed, streams=((MAIN, url),))
    edit(bed, streams=((MAIN, "rtsp://10.0.0.68/main"),), allow=True, transport=Transport.UDP)
    assert bed.told.hosts == {"10.0.0.68"}
    assert {each.transport for each in bed.store.camera(bed.camera).streams} == {Transport.UDP}


def test_a_volume_and_a_stream_that_are_not_there_are_refused(bed: Bed) -> None:
    with pytest.raises(UsageError, match="No such volume"):
        edit(bed, volume=VolumeId("c" * 32))
    streams = ((MAIN, "rtsp://10.0.0.8/main"),)
    alone = bed.site.add_camera(AddCameraRequest("Gate", streams, "", "", "", "me"))
    with pytest.raises(UsageError, match="has no sub stream"):
        bed.site.carry_out(
            EditCameraRequest(alone, "me", streams=((SUB, "rtsp://10.0.0.8/s"),), look=False)
        )
    with pytest.raises(NotFoundError):
        bed.site.carry_out(EditCameraRequest("d" * 32, "me", "x", look=False))


def test_what_it_is_for_is_stated_and_marks_it(bed: Bed) -> None:
    assert bed.store.statement(bed.camera) == Statement()
    said = Statement(" thefts ", "6 (1) f", "Video\r\nhere", Place.CLINIC, public=False)
    bed.site.carry_out(StateCameraRequest(bed.camera, said, "me"))
    found = bed.store.statement(bed.camera)
    assert found == Statement("thefts", "6 (1) f", "Video\nhere", Place.CLINIC, public=False)
    assert found.refuses_rules
    assert not Statement().refuses_rules
    assert bed.last("camera_changed").fields["what"] == ["statement"]
    for text in ("x" * 2001, "a\u202eb", "\x1b[1m"):
        with pytest.raises(UsageError):
            bed.site.carry_out(StateCameraRequest(bed.camera, Statement(text), "me"))
    with bed.store._database.write() as connection:
        connection.exec_driver_sql("UPDATE camera_statements SET statement = '{\"purpose\": 1}'")
    with pytest.raises(DamagedError, match="stated"):
        bed.store.statement(bed.camera)


# --- remove ---------------------------------------------------------------------------------------


def test_a_held_camera_is_not_erased_and_goes_on_as_before(bed: Bed) -> None:
    now_ns = bed.clock.wall_ns()
    hold = HoldId(random_id())
    bed.site.carry_out(HoldRequest(bed.camera, hold, now_ns - 1, now_ns, "me", "burglary"))
    with pytest.raises(UsageError, match="lift the holds first"):
        bed.site.carry_out(RemoveCameraRequest(bed.camera, "me", "sold", erase=True))
    assert list(bed.told.recording) == [bed.camera]
    assert bed.store.to_be_erased() == frozenset()
    assert [each.id for each in bed.store.cameras()] == [bed.camera]
    bed.site.carry_out(RemoveCameraRequest(bed.camera, "me", "sold"))
    assert bed.store.cameras() == ()
    assert "erase" not in bed.last("camera_removed").fields


def test_an_erased_camera_is_told_to_the_keeper_now_and_at_each_start(bed: Bed) -> None:
    bed.site.carry_out(ScheduleRequest(bed.camera, SCHOOL, "head"))
    bed.site.carry_out(RemoveCameraRequest(bed.camera, "me", "sold", erase=True))
    assert bed.last("camera_removed").fields["erase"] is True
    assert bed.store.schedules() == {}
    for _ in range(2):
        rule = bed.keeping.running.rule(bed.camera, SUB)
        assert rule is not None
        assert rule.erase
        bed.site.configure()
    bed.keeping.check()


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days", "minutes"),
    [
        ("mon-fri 07:00-16:00", (0, 1, 2, 3, 4), (420, 960)),
        ("Sat,Sun  22:30-6:00", (5, 6), (1350, 360)),
        ("fri-mon 0:00-24:00", (0, 4, 5, 6), (0, 1440)),
        ("sun 01:00-02:00", (6,), (60, 120)),
    ],
)
def test_weekly_spans_as_people_write_them(
    text: str, days: tuple[int, ...], minutes: tuple[int, int]
) -> None:
    found = parse_span(text)
    assert found == WeeklySpan(days, *minutes)
    assert parse_span(span_words(found)) == found


@pytest.mark.parametrize("text", ["", "mon", "mon 7-8", "abc 07:00-08:00", "mon 07:60-08:00"])
def test_what_is_no_weekly_span(text: str) -> None:
    with pytest.raises(UsageError, match="no weekly span"):
        parse_span(text)


def test_a_camera_that_moved_is_no_longer_spoken_to_where_it_was(bed: Bed) -> None:
    """Or the password of the new one would be shown to whoever has the old address."""
    request = AddCameraRequest(
        "Dome", ((StreamName.MAIN, "rtsp://10.0.0.9/main"),), "admin", "geheim", "", "me",
        onvif=OnvifAddress("onvif://10.0.0.9:80", "main", ptz=True, events=True),
    )  # fmt: skip
    dome = bed.site.carry_out(request)
    assert [(each.camera, each.user, each.ptz) for each in bed.told.spoken] == [
        (dome, "admin", True)
    ]
    assert "geheim" not in repr(bed.told.spoken)
    moved = ((StreamName.MAIN, "rtsp://10.0.0.10/main"),)
    assert dome is not None
    bed.site.carry_out(EditCameraRequest(dome, "me", streams=moved, password="other", look=False))
    assert bed.told.spoken == []


def test_whatever_may_be_asked_has_its_way(bed: Bed) -> None:
    assert bed.site.ways.keys() == set(get_args(SiteRequest))


def test_a_change_of_its_login_is_told_to_who_speaks_with_it(bed: Bed, tmp_path: Path) -> None:
    onvif = OnvifAddress("onvif://10.0.0.8", "main", ptz=True, events=True)
    streams = ((MAIN, "rtsp://10.0.0.8/main"),)
    camera = bed.site.add_camera(
        AddCameraRequest("Gate", streams, "admin", "sesame", "", "me", onvif=onvif)
    )
    assert [each.user for each in bed.told.spoken] == ["admin"]
    edit = EditCameraRequest(camera, "me", user="ada", password="other", look=False)
    assert edit_found(Settings(tmp_path, tmp_path), bed.site, edit) == camera
    assert [(each.user, each.password) for each in bed.told.spoken] == [("ada", "other")]
