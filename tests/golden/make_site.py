"""Make a small recorder's folder with the program: ``python -m tests.golden.make_site FOLDER``.

``r0.1`` beside this file was made so by release 0.1.0 and never changes: it is what a later version
finds when it is started on the data of that release. Everything is real: two simulated cameras were
recorded by ``watchglass serve``, one was paused, a span was put on hold, a clip was taken, and the
recorder was stopped. What is no data (sockets, the lock, the ballasts) is left out.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from watchglass.simulate.process import Simulator, arguments

USER, PASSWORD = "admin", "golden 1"
PAUSE_S, RECORD_S = 2, 12
_LEFT_OUT = ("run", "ballast", "index.db-shm", "site.db-shm")


def _environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHGLASS")}
    small = {"FILE_S": "10", "HEAD_S": "2", "BALLAST_BYTES": "1MiB", "FLOOR_BYTES": "64MiB"}
    own = {f"WATCHGLASS_{name}": value for name, value in small.items()}
    return kept | own | {"WATCHGLASS_DATA": str(data), "WATCHGLASS_PORT": "0", "TERM": "dumb"}


def _call(data: Path, *words: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "watchglass.app", *words], env=_environment(data), input=stdin,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{words}: {done.stderr}")
    return done.stdout


def _bare(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _add(data: Path, url: str, name: str, *more: str) -> str:
    said = _call(
        data, "camera", "add", _bare(url), "--name", name, "--user", USER, "--password-stdin",
        "--allow", "--json", *more, stdin=PASSWORD + "\n",
    )  # fmt: skip
    return str(json.loads(said)["id"])


def _record(data: Path, cameras: Simulator) -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "watchglass.app", "serve"], env=_environment(data),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (data / "state" / "run" / "control").exists():
            time.sleep(0.2)
        hall = _add(data, cameras.urls[0].main, "Hall")
        gate = _add(data, cameras.urls[1].main, "Gate, no. 2", "--no-sub")
        time.sleep(RECORD_S)
        _call(data, "camera", "pause", gate, "--reason", "a visit")
        time.sleep(PAUSE_S)
        _call(data, "camera", "resume", gate, "--reason", "over")
        _call(data, "hold", hall, "--from", "5s ago", "--reason", "a burglary")
        clip = data.with_name("clip.mp4")
        _call(data, "clip", hall, "--from", "4s ago", "-o", str(clip), "--reason", "for the police")
        time.sleep(PAUSE_S)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(30)


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "expected.json"
    }


def make(folder: Path) -> None:
    """Record into a folder that does not exist yet."""
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as scratch:
        data = Path(scratch) / "d"
        with Simulator(
            *arguments(
                cameras=2, width=160, height=96, fps=5, bit_rate=40_000, seconds=4, sub_width=80,
                sub_height=48, sub_bit_rate=16_000, port_each=True, user=USER, password=PASSWORD,
            )
        ) as cameras:  # fmt: skip
            _record(data, cameras)
        # Years, so that nothing goes by age when it is opened.
        _call(data, "retention", "--keep", "3650d")
        shutil.copytree(data, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    version = _call(folder, "version", "--json")
    expected = {**json.loads(version), "password": PASSWORD, "files": _files(folder)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
