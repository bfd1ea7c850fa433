"""The fences of a real recorder, tried from inside each of its processes while it records."""

import errno
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import PASSWORD, USER, cameras, data
from tests.app.running import Serving, call, command, environment, json_of, wait_until
from watchglass.base.landlock import abi
from watchglass.simulate.process import Simulator

__all__ = ["cameras", "data"]
pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(600),
    pytest.mark.skipif(abi() < 6, reason="a kernel with Landlock, ABI 6 or newer"),
]
PATIENCE_S = 120.0
_ATTACKING = Path(__file__).parent / "attacking"
_ALL = {"start a thread", "import"}
_MAY = {
    "camera_worker": _ALL | {"make media", "connect out", "send udp", "meet the keeper"},
    "media_worker": _ALL,
    "analytics_worker": _ALL | {"meet the keeper"},
    "events_worker": _ALL | {"meet the keeper"},
    "api_process": _ALL
    | {"read control proof", "read site", "write site", "read ledger", "read index", "list media",
        "read media", "meet the keeper"},
    "keeper_process": _ALL,
}  # fmt: skip
_MAY_NOW_AND_THEN = {
    "look_back_worker": _ALL | {"meet the keeper", "list media", "read media"},
    "film_process": _ALL,
}
"""Those that run while somebody asks for them: what was recorded is looked at again, and a film."""


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _add(data: Path, url: str) -> None:
    scheme, _, rest = url.partition("://")
    added = call(
        "--data", str(data), "camera", "add", f"{scheme}://{rest.rpartition('@')[2]}", "--no-sub",
        "--user", USER, "--password-stdin", "--allow", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr


def _order(data: Path, order: str, camera: str) -> None:
    given = call("--data", str(data), "camera", order, "--reason", "a test", camera)
    assert given.returncode == 0, given.stderr


def _recordings(data: Path) -> list[Path]:
    files = (data / "media").glob("*/main/2???/*/*/*.mp4")
    return [each for each in files if each.name != "target.mp4" and each.stat().st_size > 20_000]


def _target(data: Path, camera: str) -> Path:
    """A recording that nothing but an attack would touch."""
    target = data / "media" / camera / "main/2020/01/01/target.mp4"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"a recording")
    return target


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [pid]
    for child in children:
        found += _family(int(child))
    return found


def _attacks(logged: str) -> dict[str, dict[str, str]]:
    lines = [line for line in logged.splitlines() if line.startswith('{"attack"')]
    return {each["attack"]: each["came"] for each in map(json.loads, lines)}


def test_from_inside_each_process_only_its_own_work_can_be_done(
    data: Path, cameras: Simulator, open_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = ("--data", str(data))
    _add(data, cameras.urls[0].main)
    (camera,) = json_of(*of, "camera", "list")
    target = _target(data, camera["id"])

    monkeypatch.setenv("PYTHONPATH", os.fspath(_ATTACKING))
    monkeypatch.setenv("ATTACK_DATA", os.fspath(data))
    (key,) = (each for each in (data / "state/keys").iterdir() if each.name != "vault.key")
    (ledger,) = (data / "state/ledger/site").glob("*.jsonl")
    monkeypatch.setenv("ATTACK_FILES", f"{target}:{key}:{ledger}")
    monkeypatch.setenv("ATTACK_PORT", str(open_port))
    monkeypatch.setenv("ATTACK_CAMERA", camera["id"])
    # A worker that tries all that is silent for so long.
    with Serving(
        data, WATCHGLASS_STUCK_S="120", WATCHGLASS_ANALYSIS="true", WATCHGLASS_PAGE="true"
    ) as serving:
        try:
            wait_until(lambda: _attacks(serving.logged).keys() == _MAY.keys(), PATIENCE_S)
        except AssertionError:
            pytest.fail(serving.logged)
        wait_until(lambda: bool(_recordings(data)), PATIENCE_S)
        tried = _attacks(serving.logged)["camera_worker"]
        assert tried["order the keeper"] == "'camera-worker-1' may tell facts, and no more."
        assert "'supervisor' shows no proof of its name." in tried["order as the supervisor"]
        assert "'keeper' shows no proof of its name." in tried["tell that the keeper lives"]
        assert "Whoever asks shows no proof that it may" in tried["pause a camera"]
        for event in ("order_refused", "peer_unproven", "request_unproven"):
            assert event in serving.logged
        again = call(*of, "analyse", camera["id"], "--from", "1 minute ago", "--background")
        assert again.returncode == 0, again.stderr
        film = data.parent / "film.mp4"
        shutil.copy(_recordings(data)[0], film)
        looked = call(*of, "analyse", str(film), "--json")
        assert looked.returncode == 0, looked.stderr
        assert json.loads(looked.stdout)["pictures"] > 0
        wait_until(lambda: "look_back_worker" in _attacks(serving.logged), PATIENCE_S)
        for process, came in {**_attacks(serving.logged), **_attacks(looked.stderr)}.items():
            done = {act for act, error in came.items() if not error}
            assert done == (_MAY | _MAY_NOW_AND_THEN)[process], (process, came)
        assert "film_process" in _attacks(looked.stderr)
        assert target.read_bytes() == b"a recording"
        family = _family(serving.process.pid)
        assert len(family) >= 5
        for pid in family:
            for file in ("cmdline", "environ"):
                assert b"sesame" not in Path(f"/proc/{pid}/{file}").read_bytes()
        told = {each["about"]: each for each in json_of(*of, "doctor")}
        for name in ("keeper", "api", "media-worker", "analytics-worker", "events-worker",
                     "camera-worker-1"):  # fmt: skip
            assert told[f"Process {name}"]["value"].endswith(f"; Landlock ABI {abi()}, seccomp: on")
        # And people's orders go through.
        _order(data, "pause", camera["id"])
        assert serving.end(signal.SIGTERM) == 0
    _order(data, "resume", camera["id"])
    lines = "".join(
        each.read_text() for each in (data / "state/ledger" / camera["id"]).glob("*.jsonl")
    )
    for said in ("camera_paused", "camera_enabled"):
        assert len(re.findall(rf'"type":"{said}"', lines)) == 1
    assert call(*of, "check", "--deep").returncode == 0


@pytest.mark.long
def test_a_volume_that_comes_later_is_reached(data: Path, cameras: Simulator) -> None:
    """One that is added, and one whose folder is another than the one that was fenced in."""
    of = ("--data", str(data))
    new = data / "more"
    with Serving(data).wait_for("No camera") as serving:
        _add(data, cameras.urls[0].main)
        wait_until(lambda: bool(_recordings(data)), PATIENCE_S)
        assert call(*of, "volume", "add", str(new)).returncode == 0
        assert call(*of, "volume", "drain", str(data / "media")).returncode == 0

        def grown(than: int) -> bool:
            files = new.glob("*/main/*/*/*/*.mp4")
            return sum(each.stat().st_size > 20_000 for each in files) > than

        wait_until(lambda: grown(0), PATIENCE_S)
        assert serving.logged.count("worker_fenced_off") == 1
        # As a disk that was taken out and mounted again: the same volume, under another inode.
        shutil.copytree(new, data / "copy")
        new.rename(data / "away")
        (data / "copy").rename(new)
        hall = json_of(*of, "camera", "list")[0]["id"]
        for order in ("pause", "resume"):
            _order(data, order, hall)
        wait_until(lambda: grown(1), PATIENCE_S)
        assert serving.logged.count("worker_fenced_off") == 2
        assert serving.end(signal.SIGTERM) == 0


_REFUSED = {
    "no Landlock": (errno.ENOSYS, "444,445,446", "this kernel has no Landlock"),
    "Landlock forbidden": (errno.EPERM, "446", "Landlock refuses: Operation not permitted"),
    "no rules": (errno.EPERM, "445", "Landlock refuses: Operation not permitted"),
    "seccomp forbidden": (errno.EPERM, "317", "seccomp refuses: Operation not permitted"),
}
"""System calls of x86-64 that a kernel or a container refuses, and what is said then."""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64's system calls")
@pytest.mark.parametrize("case", _REFUSED)
def test_where_fences_are_required_and_cannot_be_nothing_starts(data: Path, case: str) -> None:
    """A real kernel that refuses: one sentence, an exit code, and no child that tries again."""
    code, numbers, said = _REFUSED[case]
    refused = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("unfenceable.py")), str(code), numbers,
         *command("--data", str(data), "serve")],
        capture_output=True, text=True, check=False, timeout=300,
        env=environment(WATCHGLASS_FENCES="require"),
    )  # fmt: skip
    assert refused.returncode == 4
    assert refused.stdout == ""
    (sentence,) = refused.stderr.splitlines()
    assert sentence.startswith("Fences are required, and there is only this: ")
    assert said in sentence
    assert not (data / "state/run/keeper").exists()


_SCRIPT = """
import sys, threading
from watchglass.base import fence, seccomp
if sys.argv[2] == "no seccomp":
    seccomp.install(seccomp.Filter((), frozenset({"seccomp"})))
if sys.argv[2] == "threads":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(fence.put_up(fence.Fence(fence.Network.LOCAL), fence.FenceMode(sys.argv[1])), flush=True)
"""


def _put_up(mode: str, where: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, mode, where], capture_output=True, text=True, check=False
    )


def test_less_than_a_whole_fence_is_told_or_refused() -> None:
    """Where the kernel, or a container, lets a process have only a part of it."""
    on = f"Landlock ABI {abi()}, seccomp:"
    assert _put_up("require", "").stdout == f"{on} on\n"
    assert _put_up("off", "").stdout.startswith("no Landlock, seccomp: off (switched off by")
    reason = "(seccomp refuses: Operation not permitted)"
    assert _put_up("auto", "no seccomp").stdout == f"{on} off {reason}\n"
    assert "no Landlock, seccomp: on (Landlock refuses" in _put_up("auto", "threads").stdout
    for where in ("no seccomp", "threads"):
        refused = _put_up("require", where)
        assert refused.returncode != 0
        assert "Fences are required, and there is only this" in refused.stderr
