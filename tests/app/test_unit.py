"""The systemd unit: systemd takes it, and it lets the recorder do all that it does."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from benches._harness import RunningRecorder
from tests.app.running import call, wait_until
from tests.conftest import CHECKOUT
from watchglass.app.unit import HIDDEN, NAME, account, unit
from watchglass.base.errors import UsageError
from watchglass.model.control import HealthRequest
from watchglass.model.health import Health
from watchglass.simulate.process import Simulator

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def test_paths_that_a_unit_cannot_name() -> None:
    good = unit(Path("/opt/wg/bin/watchglass"), [Path("/srv/a"), Path("/srv/b")])
    assert "ExecStart=/opt/wg/bin/watchglass serve\n" in good
    assert "ReadWritePaths=/srv/a\nReadWritePaths=/srv/b\n" in good
    assert "$" not in "".join(line for line in good.splitlines() if not line.startswith("#"))
    for wrong in ("relative", "/a b", "/a\nExecStart=/bin/sh", "/%h", "/$x", '/"', "/a/../b"):
        with pytest.raises(UsageError):
            unit(Path("/opt/watchglass"), [Path(wrong)])
    for top in ("home", "root", "tmp"):
        with pytest.raises(UsageError, match="hidden"):
            unit(Path("/", top, "bin", "watchglass"))
    assert account().startswith("u watchglass - ")


@pytest.mark.full
@needs_systemd
@pytest.mark.skipif(
    CHECKOUT.parts[1] in HIDDEN, reason="the checkout lies where a service sees nothing"
)
def test_systemd_takes_it(tmp_path: Path) -> None:
    made = call("service", "install", "--root", str(tmp_path), "--volume", "/srv/disk2")
    assert made.returncode == 0, made.stderr
    written = tmp_path / "etc/systemd/system" / NAME
    assert call("service", "show", "--volume", "/srv/disk2").stdout == written.read_text()
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(written)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(written)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout
    broken = tmp_path / NAME
    broken.write_text(written.read_text().replace("Type=notify", "Type=nonsense"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(broken)], capture_output=True, text=True, check=False
    )
    assert "nonsense" in verified.stderr


@pytest.mark.long
@pytest.mark.timeout(300)
@needs_systemd
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_its_filter_lets_a_recorder_do_all_it_does(data: Path, cameras: Simulator) -> None:
    """Every system call of a real run is among those that the unit allows."""
    trace = data.parent / "trace"
    under = ("strace", "-f", "--seccomp-bpf", "-qq", "-c", "-o", str(trace))
    recorder = RunningRecorder(data, under=under)
    try:
        recorder.add(cameras.urls[0])

        def records() -> bool:
            found = recorder.ask(HealthRequest())
            return isinstance(found, Health) and found.recorded == 1

        wait_until(records, 120)
        # Not to the tracer, which takes no signals: to what it traces.
        (traced,) = Path(f"/proc/{recorder.process.pid}/task").glob("*/children")
        os.kill(int(traced.read_text()), signal.SIGTERM)
        recorder.process.wait(60)
    finally:
        recorder.stop()
    rows = re.findall(r"^ *[0-9.]+ .* ([a-z0-9_]+)$", trace.read_text(), re.MULTILINE)
    made = set(rows) - {"total"}
    assert {"openat", "syncfs", "socket", "execve"} <= made
    assert made <= allowed(unit(Path("/opt/watchglass")))
    assert "mount" not in allowed(unit(Path("/opt/watchglass")))


def allowed(text: str) -> set[str]:
    """What the unit's filter lets through, as this systemd reads its groups."""
    found: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", text, re.MULTILINE):
        names: set[str] = set()
        for word in line.removeprefix("~").split():
            names |= group(word) if word.startswith("@") else {word}
        found = found - names if line.startswith("~") else found | names
    return found


def group(name: str) -> set[str]:
    shown = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    names: set[str] = set()
    for line in shown.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            names |= group(word)
        elif word and not word.startswith("#"):
            names.add(word)
    return names
