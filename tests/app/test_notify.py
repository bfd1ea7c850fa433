"""What is said to systemd, and to nobody else."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchglass.app.notify import Notifier


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, str]]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = str(Path(folder) / "n")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
            found.bind(path)
            found.setblocking(False)
            yield found, path


def heard(listener: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listener.recv(4096).decode())
        except BlockingIOError:
            return found


def test_states_are_said_and_a_status_only_when_it_changes(
    listener: tuple[socket.socket, str],
) -> None:
    environment = {"NOTIFY_SOCKET": listener[1], "WATCHDOG_USEC": "60000000", "HOME": "/x"}
    notifier = Notifier(environment)
    assert environment == {"HOME": "/x"}
    assert notifier.watchdog_s == 60
    notifier.ready()
    for _ in range(2):
        notifier.status("two\nlines  of it")
        notifier.alive()
    notifier.stopping()
    assert heard(listener[0]) == [
        "READY=1", "STATUS=two lines of it", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1",
    ]  # fmt: skip
    notifier.close()


def test_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        name = f"watchglass-test-{os.getpid()}"
        found.bind(b"\0" + name.encode())
        found.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": f"@{name}"})
        notifier.ready()
        notifier.close()
        assert heard(found) == ["READY=1"]


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    for pid, expected in ((os.getpid(), 1.0), ("", 1.0), (os.getpid() + 1, None)):
        environment = {
            "NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(pid),
        }  # fmt: skip
        notifier = Notifier(environment)
        assert notifier.watchdog_s == expected
        notifier.close()


@pytest.mark.parametrize("usec", ["", "0", "-5", "much"])
def test_no_watchdog_is_asked_for(usec: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": usec})
    assert notifier.watchdog_s is None
    notifier.close()


def test_nobody_listens_or_nobody_reads(listener: tuple[socket.socket, str]) -> None:
    """It neither fails nor waits: a service manager that hangs stops no recorder."""
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "tcp:1"}):
        notifier = Notifier(environment)
        notifier.ready()
        notifier.alive()
        notifier.close()
    notifier = Notifier({"NOTIFY_SOCKET": listener[1]})
    for _ in range(2000):
        notifier.alive()
    assert len(heard(listener[0])) < 2000
    notifier.alive()
    assert heard(listener[0]) == ["WATCHDOG=1"]
    notifier.close()
