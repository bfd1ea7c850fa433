"""The fence of the process that looks at a camera, tried from inside as an intruder would."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from watchglass.base.errors import CameraError
from watchglass.base.landlock import abi
from watchglass.cameras.probe_worker import run_probe
from watchglass.model.probe import ProbeRequest

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(abi() < 6, reason="a kernel with Landlock, ABI 6 or newer"),
]
_ATTACK = Path(__file__).parent / "attacking" / "probing.py"
_MAY = {"connect out", "look up a name", "start a thread", "import"}


@dataclass(frozen=True)
class Place:
    """What an intruder would look for, all of it there and open to the user that runs the tests."""

    state: Path
    clip: Path
    port: int

    def tried(self, url: str, folder: str = "") -> set[str]:
        """What a look at this address could do."""
        command = (
            sys.executable, "-P", os.fspath(_ATTACK), os.fspath(self.state), os.fspath(self.clip),
            str(self.port),
        )  # fmt: skip
        with pytest.raises(CameraError) as told:
            run_probe(ProbeRequest(url, timeout_s=60.0, folder=folder), command=command)
        return set(json.loads(told.value.sentence))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    state, media, clips = tmp_path / "d/state", tmp_path / "d/media", tmp_path / "clips"
    for folder in (state / "keys", state / "run", media, clips):
        folder.mkdir(parents=True)
    (state / "keys/vault.key").write_bytes(b"a key")
    (media / "a.mp4").write_bytes(b"a recording")
    (clips / "clip.mp4").write_bytes(b"a clip")
    with socket.socket(socket.AF_UNIX) as keeper, socket.create_server(("127.0.0.1", 0)) as camera:
        keeper.bind(os.fspath(state / "run/keeper"))
        keeper.listen()
        yield Place(state, clips / "clip.mp4", camera.getsockname()[1])
    assert (clips / "clip.mp4").read_bytes() == b"a clip"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_from_a_look_at_a_camera_nothing_of_this_machine_is_reached(
    place: Place, scheme: str
) -> None:
    allowed = _MAY | {"meet the keeper"}  # a socket's path is no file: its proof keeps it out
    assert place.tried(f"{scheme}://127.0.0.1:{place.port}/") == allowed


def test_from_a_look_at_a_file_its_folder_is_read_and_no_more(place: Place) -> None:
    done = place.tried(place.clip.as_uri(), os.fspath(place.clip.parent))
    assert done == _MAY | {"meet the keeper", "read the file to play", "list the files to play"}


def test_without_a_fence_all_of_it_could_be_done(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the acts themselves would be at fault."""
    monkeypatch.setenv("WATCHGLASS_FENCES", "off")
    done = place.tried(f"rtsp://127.0.0.1:{place.port}/")
    place.clip.write_bytes(b"a clip")
    assert done >= _MAY | {
        "read the file to play", "read a key", "read a recording", "list state", "write state",
        "write elsewhere", "be connected to", "signal its parent", "fork", "start a program",
        "remove a file to play", "meet the keeper",
    }  # fmt: skip
