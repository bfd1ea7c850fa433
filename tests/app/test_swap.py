"""Another device in a camera's place: what stays, what the ledger tells, and that time runs on."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import PASSWORD, USER
from tests.app.running import Serving, call_here, json_of, wait_until
from tests.app.test_camera_changes import MAIN, SUB, Bed
from tests.app.test_recorder import add, bare
from watchglass.app.swapping import Swapping
from watchglass.base.disk import Disk
from watchglass.base.errors import BusError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.area import Area, AreaId, AreaKind
from watchglass.model.control import AddCameraRequest, DrawMaskRequest, SwapCameraRequest
from watchglass.model.order import Order
from watchglass.recording.commitment import TextStore
from watchglass.simulate.process import Simulator

NEW = ((MAIN, "rtsp://10.0.0.8/a"), (SUB, "rtsp://10.0.0.8/b"))


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.close()


def swap(bed: Bed, *, reason: str = "relabelled", streams: object = NEW) -> CameraId | None:
    to = AddCameraRequest("other", streams, "root", "new", "Axis P3245 11.2", "me")  # type: ignore[arg-type]
    return bed.site.carry_out(SwapCameraRequest(bed.camera, to, "me", reason))


def test_what_people_made_of_the_camera_stays(bed: Bed) -> None:
    corners = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
    area = Area(
        id=AreaId(random_id()), camera=bed.camera, kind=AreaKind.ZONE, name="Door", points=corners
    )
    bed.store.set_area(area, "me", new=True)
    bed.site.carry_out(
        DrawMaskRequest(bed.camera, "Window", corners, None, None, "me", "a neighbour's")
    )
    (mask,) = bed.store.masks(bed.camera)
    bed.store.set_in_camera(bed.camera, {mask.id: "token"}, "")
    bed.store.set_retention(bed.camera, 99)
    began_ns = bed.clock.wall_ns()
    bed.clock.advance(10**9)

    assert swap(bed) == bed.camera

    camera = bed.store.camera(bed.camera)
    assert (camera.name, camera.retention_h, camera.device_no) == ("Hall", 99, 2)
    assert [each.url for each in camera.streams] == ["rtsp://10.0.0.8/a", "rtsp://10.0.0.8/b"]
    assert camera.credentials is not None
    assert camera.credentials.password.reveal() == "new"
    assert [each.name for each in bed.store.areas(bed.camera)] == ["Door"]
    # The new device covers nothing itself.
    assert [each.in_camera for each in bed.store.masks(bed.camera)] == [""]
    first, second = bed.store.devices_behind(bed.camera)
    assert (first.host, second.host) == ("10.0.0.7", "10.0.0.8")
    assert second.since_ns == began_ns + 10**9
    assert bed.told.recording[bed.camera].streams[0].url == "rtsp://10.0.0.8/a"


def test_the_ledger_tells_which_device_and_since_when(bed: Bed) -> None:
    swap(bed)
    line = bed.last("device")
    assert line.integer("since") == bed.store.devices_behind(bed.camera)[1].since_ns
    texts = TextStore(bed.keeping.state / "ledger" / bed.camera / "texts", Disk())
    assert texts.get(line.text("identity")) == "Axis P3245 11.2"
    assert texts.get(line.text("reason")) == "relabelled"


def test_what_cannot_be_is_refused_and_changes_nothing(bed: Bed) -> None:
    with pytest.raises(UsageError, match="sub-stream"):
        swap(bed, streams=NEW[:1])
    with pytest.raises(UsageError, match="reason"):
        swap(bed, reason=" ")
    assert bed.store.camera(bed.camera).device_no == 1
    assert bed.told.recording[bed.camera].streams[0].url == "rtsp://10.0.0.7/main"


def test_what_the_ledger_was_not_told_is_told_at_the_next_start(bed: Bed) -> None:
    class Deaf:
        def order(self, order: Order) -> str:
            raise BusError("The keeper does not answer.")

    deaf = Swapping(bed.store, Deaf(), bed.told, bed.clock)
    to = AddCameraRequest("x", NEW, "", "", "", "me")
    with pytest.raises(BusError):
        deaf.swap(SwapCameraRequest(bed.camera, to, "me", "why"))
    # It is recorded all the same, from where the database says.
    assert bed.told.recording[bed.camera].streams[0].url == "rtsp://10.0.0.8/a"
    since_ns = bed.store.devices_behind(bed.camera)[1].since_ns
    bed.clock.advance(10**9)
    bed.site.take_up()
    assert bed.last("device").integer("since") == since_ns
    assert not bed.store.untold_devices()


@pytest.mark.full
def test_the_timeline_runs_on_and_evidence_tells_both(data: Path, cameras: Simulator) -> None:
    """Two simulated cameras, one place."""
    of = ("--data", str(data))
    with Serving(data, WATCHGLASS_ANALYSIS="false").wait_for("No camera") as serving:
        hall = add(data, cameras.urls[0].main, "--no-sub", "--name", "Hall")
        time.sleep(3)
        done = call_here(
            *of, "camera", "swap", hall, bare(cameras.urls[1].main), "--user", USER,
            "--password-stdin", "--allow", "--reason", "relabelled", "--json",
            stdin=PASSWORD + "\n",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        # Of the same simulator, so at the same host.
        wait_until(lambda: bool(json_of(*of, "camera", "list")[0]["recording"]))
        time.sleep(3)
        assert serving.end(15) == 0
    (listed,) = json_of(*of, "camera", "list")
    assert (listed["id"], listed["name"]) == (hall, "Hall")
    (line,) = json_of(*of, "timeline")
    assert line["seconds"]["unaccounted"] == 0
    media = [each for each in line["spans"] if each["kind"] == "media"]
    assert len(media) >= 2
    between = [each for each in line["spans"] if each["kind"] == "gap"]
    assert between[0]["cause"] == "waiting_key_frame"
    assert [each["number"] for each in json_of(*of, "camera", "devices", hall)] == [1, 2]
    bundle = data.with_name("bundle")
    made = call_here(
        *of, "export", hall, "--from", "1m ago", "--reason", "court", "-o", str(bundle)
    )
    assert made.returncode == 0, made.stderr
    told = json.loads((bundle / "manifest.json").read_text())["cameras"][0]
    assert len(told["devices"]) == 2
    assert "from " in (bundle / "report.html").read_text()
    assert "Intact: YES" in call_here("verify", str(bundle)).stdout
