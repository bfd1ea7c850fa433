"""A file system that the kernel turns read-only under a real recorder, as after an error."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benches._frames import recorded_numbers
from benches._harness import RunningRecorder
from tests.app.running import wait_until
from tests.second_reader.report import read_site
from watchglass.model.control import Accepted, AddVolumeRequest
from watchglass.simulate.process import Simulator, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]

_FPS = 10
_IMAGE_BYTES = 192 << 20


class Disk:
    """An ext4 of its own in a file, mounted at ``at``."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "image"
        self.at = folder / "disk"
        self.at.mkdir()
        with self._image.open("wb") as file:
            file.truncate(_IMAGE_BYTES)
        self._run("mkfs.ext4", "-q", "-F", str(self._image))
        self.mount()

    def mount(self) -> None:
        self._run("mount", "-o", "loop", str(self._image), str(self.at))

    def fails(self) -> None:
        """What ext4 does when it finds itself damaged: files that are open lose their writers."""
        self._run("mount", "-o", "remount,abort", str(self.at))

    def is_repaired(self) -> None:
        """By an operator, when nobody holds it: checked, and mounted again."""
        self.leave()
        # Found clean, mended, or mended so that it has to be mounted anew.
        assert subprocess.run(["e2fsck", "-f", "-y", str(self._image)], check=False,
                              capture_output=True).returncode in (0, 1, 2)  # fmt: skip
        self.mount()

    def leave(self) -> None:
        self._run("umount", str(self.at))

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def disk() -> Iterator[Disk]:
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("mounting a file system of its own takes root and e2fsprogs")
    folder = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    try:
        made = Disk(folder)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder)
        pytest.skip(f"no ext4 can be mounted here: {error.stderr!r}")
    yield made
    made.leave()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_disk_that_turns_read_only_costs_its_own_cameras_alone_and_is_taken_up_repaired(
    disk: Disk,
) -> None:
    folder, volume = disk.at.parent, disk.at / "recordings"
    options = arguments(
        cameras=2, kind="a", width=320, height=180, fps=_FPS, bit_rate=400_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True,
    )  # fmt: skip
    with Simulator(*options) as simulator:
        recorder = RunningRecorder(
            folder / "data", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        try:
            spared = recorder.add(simulator.urls[0])
            assert isinstance(recorder.ask(AddVolumeRequest(str(volume))), Accepted)
            struck = recorder.add(simulator.urls[1])
            wait_until(lambda: len(recorded_numbers(volume, struck)) > 2 * _FPS, 60)
            disk.fails()
            with pytest.raises(OSError, match="Read-only"):
                (volume / "probe").touch()
            before = len(recorded_numbers(volume, struck))
            began = len(recorded_numbers(recorder.media, spared))
            wait_until(
                lambda: len(recorded_numbers(recorder.media, spared)) > began + 10 * _FPS, 60
            )
            assert len(recorded_numbers(volume, struck)) <= before
        finally:
            status = recorder.stop()
        assert status == 0, recorder.log()
        numbers = recorded_numbers(recorder.media, spared)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        disk.is_repaired()
        recorder = RunningRecorder(
            folder / "data", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        try:
            wait_until(lambda: len(recorded_numbers(volume, struck)) > before + 2 * _FPS, 60)
        finally:
            status = recorder.stop()
        assert status == 0, recorder.log()
    report = read_site(folder / "data" / "state", [recorder.media, volume])
    assert not [finding for finding in report.findings if finding.fails]
    gaps = {span.what for span in report.timelines[struck, "main"].spans} - {"media"}
    assert gaps & {"write_failed", "volume_missing"}
