"""Where a server listens: an owner-only folder, and never over another server's head."""

import os
import socket
import stat
from pathlib import Path

import pytest

from tests.bus.hop_fixtures import a_pair, a_server, endpoint_in
from watchglass.base.errors import AlreadyRunningError, ConfigError
from watchglass.bus.endpoint import answers, ipc_path


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    server = a_server(endpoint_in(tmp_path))
    path = ipc_path(endpoint_in(tmp_path))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert answers(path)
    server.close()
    assert not path.exists()
    assert not answers(path)


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        a_server(endpoint_in(tmp_path))


def test_a_live_server_is_left_alone(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    with pytest.raises(AlreadyRunningError):
        a_server(endpoint_in(tmp_path))
    pair.turns(0.05)
    assert pair.client.connected
    pair.close()


def test_one_that_answers_without_holding_the_lock_is_left_alone_too(tmp_path: Path) -> None:
    path = ipc_path(endpoint_in(tmp_path))
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(os.fspath(path))
        other.listen()
        with pytest.raises(AlreadyRunningError):
            a_server(endpoint_in(tmp_path))
        assert path.exists()


def test_a_stale_socket_is_removed(tmp_path: Path) -> None:
    path = ipc_path(endpoint_in(tmp_path))
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(path))
    assert path.exists()
    a_server(endpoint_in(tmp_path)).close()


def test_a_file_in_the_way_is_not_ours_to_remove(tmp_path: Path) -> None:
    path = ipc_path(endpoint_in(tmp_path))
    path.parent.mkdir(mode=0o700)
    path.write_text("precious")
    with pytest.raises(ConfigError, match="no socket"):
        a_server(endpoint_in(tmp_path))
    assert path.read_text() == "precious"
    path.unlink()
    a_server(endpoint_in(tmp_path)).close()  # the lock was let go


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://127.0.0.1:5555", "ipc://relative", "ipc://@abstract", "", "ipc:///" + "x" * 120],
)
def test_endpoints_that_cannot_work(endpoint: str) -> None:
    with pytest.raises(ConfigError):
        ipc_path(endpoint)
