"""Footage of another system: taken in as it is, named as what it is, and gone in its time."""

import errno
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.app.cli.program import run
from watchglass.app.footage import time_in_name
from watchglass.app.wiring import ground, own_site
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import CameraId
from watchglass.config.settings import read_settings
from watchglass.model.control import AddCameraRequest
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import Ledger

Said = Callable[..., Any]
full = pytest.mark.full


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pictures as other systems write them."""
    folder = tmp_path_factory.mktemp("old")
    for name, options in {
        "old.mp4": ["-c:v", "libx264", "-bf", "2"],
        "old.mkv": ["-c:v", "libx264"],
        "old.avi": ["-c:v", "libx264", "-bf", "0"],
        "old.mpg": ["-c:v", "libx264", "-bf", "0", "-f", "vob"],
        "mpeg2.mpg": ["-c:v", "mpeg2video", "-f", "vob"],
        "ordered.avi": ["-c:v", "libx264", "-bf", "2"],
    }.items():
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10",
             "-f", "lavfi", "-i", "sine", "-t", "3", "-g", "10", "-threads", "1", *options,
             str(folder / name)],
            check=True,
        )  # fmt: skip
    whole = (folder / "old.mpg").read_bytes()
    (folder / "hikvision.mp4").write_bytes(b"IMKH" + bytes(36) + whole)
    return folder


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CameraId:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("WATCHGLASS_DATA", str(data))
    streams = ((StreamName.MAIN, "rtsp://192.0.2.1/m"),)
    with own_site(ground(read_settings({}))) as site:
        return site.add_camera(AddCameraRequest("Hall", streams, "", "", "", "me"))


@pytest.fixture
def said(camera: CameraId, capsys: pytest.CaptureFixture[str]) -> Said:
    def say(*words: str, code: int = 0) -> Any:
        found = run(words)
        told = capsys.readouterr()
        assert found == code, told
        return told.err if code else told.out

    return say


def imports(said: Said) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(said("footage", "list", "Hall", "--json"))
    return found


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "data").glob("media/*/imported/*"))


def lines(tmp_path: Path, ledger: str, type: str) -> list[dict[str, Any]]:
    folder = tmp_path / "data" / "state" / "ledger" / ledger
    return [dict(line.fields) for line in Ledger.read_lines(folder) if line.type == type]


def pictures(path: Path) -> list[bytes]:
    """Each decoded picture, in the order in which they are shown."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray().tobytes() for frame in file.decode(video=0)]


@full
def test_pictures_come_as_they_are(
    made: Path, tmp_path: Path, camera: CameraId, said: Said
) -> None:
    before: set[Path] = set()
    names = ("old.mp4", "old.mkv", "old.avi", "hikvision.mp4")
    for hours, name in enumerate(names, 1):
        told = said("footage", "import", "Hall", str(made / name), "--from", f"{hours} hours ago")
        assert "imported and not ours, unproven before today" in told
        (file,) = set(kept(tmp_path)) - before
        before.add(file)
        source = made / ("old.mpg" if name == "hikvision.mp4" else name)
        assert pictures(file) == pictures(source)
        with av.open(str(file)) as opened:
            assert not opened.streams.audio
    rows = imports(said)
    assert len(rows) == len(names)
    for row in rows:
        length_ns = row["wall_to"] - row["wall_from"]
        assert length_ns == pytest.approx(3 * NS_PER_S, abs=NS_PER_S // 5)
    told_of = lines(tmp_path, camera, "imported")
    assert {line["time_from"] for line in told_of} == {"person"}
    assert all(len(str(line["name"])) == 64 for line in told_of), "a name is a commitment"
    originals = {line["original"] for line in told_of}
    assert {line["original"] for line in lines(tmp_path, "site", "imported")} == originals
    # Nothing of it counts as recorded, and the index made anew answers the same.
    assert not lines(tmp_path, camera, "file_opened")
    said("check")
    # The same file again does no harm.
    inodes = [path.stat().st_ino for path in kept(tmp_path)]
    again = said("footage", "import", "Hall", str(made / "old.mp4"), "--from", "9 hours ago")
    assert "was imported before" in again
    assert imports(said) == rows
    assert [path.stat().st_ino for path in kept(tmp_path)] == inodes
    assert len(lines(tmp_path, camera, "imported")) == len(names)


@full
def test_what_is_not_taken_leaves_nothing(
    made: Path, tmp_path: Path, camera: CameraId, said: Said
) -> None:
    whole = (made / "old.mp4").read_bytes()
    at = whole.index(b"stsz") + 8
    bad = {
        "huge.mp4": whole[:at] + b"\x00\x00\x00\x00\xff\xff\xff\xff" + whole[at + 8 :],
        "empty.mp4": b"",
        "words.mp4": b"no footage at all " * 100,
        "cut.mp4": whole[: whole.index(b"moov") - 4] if whole.index(b"moov") > 99 else whole[:99],
        "noise.mpg": b"\x00\x00\x01\xba" + bytes(range(256)) * 400,
        "noise.dav": b"DHAV" + b"\xff" * 100_000,
        "noise.avi": b"RIFF\xff\xff\xff\xffAVI LIST" + b"\xff" * 10_000,
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
        told = said("footage", "import", "Hall", str(tmp_path / name), "--from", "1 hour ago",
                    code=1)  # fmt: skip
        assert name in told
        assert "Traceback" not in told
    for name, why in {
        "mpeg2.mpg": "Nothing is transcoded",
        "ordered.avi": "in which order",
    }.items():
        told = said("footage", "import", "Hall", str(made / name), "--from", "1 hour ago", code=1)
        assert why in " ".join(told.split())
    assert not kept(tmp_path)
    assert not lines(tmp_path, camera, "imported")
    # One that is torn is kept as far as it goes.
    whole = (made / "old.mpg").read_bytes()
    (tmp_path / "torn.mpg").write_bytes(whole[: len(whole) // 2])
    said("footage", "import", "Hall", str(tmp_path / "torn.mpg"), "--from", "1 hour ago")
    (file,) = kept(tmp_path)
    assert 0 < len(pictures(file)) < len(pictures(made / "old.mpg"))


@full
def test_a_disk_that_refuses_leaves_nothing_in_the_way(
    made: Path, tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call to the disk in turn, the sync of the bytes among them."""
    calls: list[str] = []
    refused = -1

    def before(_disk: Disk, site: WriteSite, call: str, path: str) -> None:
        if site is WriteSite.CLIP:
            calls.append(call)
            if len(calls) - 1 == refused:
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    monkeypatch.setattr(Disk, "before", before)
    words = ("footage", "import", "Hall", str(made / "old.mp4"), "--from", "2 hours ago")
    for at in range(5):
        calls.clear()
        refused = at
        told = said(*words, code=1)
        assert "check the disk" in told, (at, calls)
        assert kept(tmp_path) == [], (at, calls)
        assert imports(said) == []
    assert "fdatasync" in calls
    refused = -1
    said(*words)
    assert len(kept(tmp_path)) == 1


@full
def test_times_come_from_names(made: Path, tmp_path: Path, said: Said, camera: CameraId) -> None:
    day = datetime.fromtimestamp(SystemClock().wall_ns() // NS_PER_S - 86400, ZoneInfo("UTC"))
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / f"ch01_{day:%Y%m%d%H%M%S}.mp4").write_bytes((made / "old.mp4").read_bytes())
    (folder / "nameless.mkv").write_bytes((made / "old.mkv").read_bytes())
    told = said("footage", "import", "Hall", str(folder), code=1)
    assert "of some time zone" in " ".join(told.split())
    told = said("footage", "import", "Hall", str(folder), "--zone", "UTC", code=1)
    assert "Nothing tells when nameless.mkv begins" in " ".join(told.split())
    (row,) = imports(said)
    assert (row["wall_from"] // NS_PER_S, row["time_from"]) == (int(day.timestamp()), "name")


@full
def test_older_than_is_kept_needs_a_hold(
    made: Path, tmp_path: Path, camera: CameraId, said: Said
) -> None:
    words = ("footage", "import", "Hall", str(made / "old.mp4"), "--from", "30 days ago")
    assert "set a hold over its span first" in " ".join(said(*words, code=1).split())
    assert not kept(tmp_path)
    held = said("hold", "Hall", "--from", "31 days ago", "--to", "29 days ago", "--reason", "x")
    said(*words)
    assert len(kept(tmp_path)) == 1
    hold = held.split("release ")[1].split()[0]
    said("release", hold, "--reason", "over")
    said("hold", "Hall", "--from", "2 hours ago", "--to", "1 hour ago", "--reason", "a cycle")
    assert not kept(tmp_path)
    (line,) = lines(tmp_path, camera, "import_deleted")
    assert line["cause"] == "retention"
    assert not imports(said)


@given(seconds=st.integers(631_152_000, 4_102_000_000))
def test_names_of_recorders(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    zone = ZoneInfo("Europe/Vienna")
    due = int(at.replace(tzinfo=zone).astimezone(UTC).timestamp()) * NS_PER_S
    for name in (
        f"192.168.1.64_01_{at:%Y%m%d%H%M%S}123.mp4", f"hall_{at:%Y%m%d_%H%M%S}.avi",
        f"{at:%Y-%m-%d %H.%M.%S}.mkv",
        f"{at:%Y-%m-%d}/001/dav/{at:%H}/{at:%H.%M.%S}-23.59.59[R].dav",
    ):  # fmt: skip
        assert time_in_name(Path("/disk") / name, zone) == due, name
    assert time_in_name(Path("/disk/hiv00001.mp4"), zone) is None
