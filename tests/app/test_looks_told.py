"""Looks through a whole recorder: a browser that watches, and the ledger after the end."""

import re
import signal
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection

from tests.api.recorded import COOKIE, PASSWORD, live_link
from tests.app.running import Serving, json_of, wait_until
from tests.app.test_recorder import add
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full


class Page:
    """A browser on the page that a recorder printed the link of."""

    def __init__(self, serving: Serving) -> None:
        link = re.search(r"(http://127\.0\.0\.1:[0-9]+)/#token=(\S+)", serving.said)
        assert link is not None, serving.said
        self.origin = link[1]
        answer = httpx.post(
            f"{self.origin}/api/v1/setup", json={"token": link[2], "password": PASSWORD},
            headers={"Origin": self.origin, "X-Watchglass": "1"}, timeout=20,
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        session = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        self.headers = {"Cookie": f"{COOKIE}={session}"}
        self.name: str = answer.json()["name"]

    def live(self, camera: str, stream: str) -> ClientConnection:
        url = f"{self.origin}/api/v1/live/{camera}/{stream}"
        return live_link(url, self.origin, self.headers)


def test_looks_are_told_while_the_recorder_runs_and_as_it_ends(
    data: Path, cameras: Simulator
) -> None:
    of = ("--data", str(data))
    with Serving(data, WATCHGLASS_PAGE="true").wait_for("#token=") as serving, ExitStack() as wall:
        hall = add(data, cameras.urls[0].main, "--name", "Hall")
        page = Page(serving)
        with page.live(hall, "main") as left:
            left.recv(timeout=10)
        wait_until(lambda: [each["to"] is None for each in json_of(*of, "looks")] == [False])
        for stream in ("main", "sub") * 4:
            wall.enter_context(page.live(hall, stream)).recv(timeout=10)
        wait_until(lambda: len(json_of(*of, "looks", "--camera", "Hall")) == 9)
        assert [each["to"] is None for each in json_of(*of, "looks")] == [False] + 8 * [True]
        assert serving.end(signal.SIGTERM) == 0
        assert "looks_refused" not in serving.logged
    looks = json_of(*of, "looks")
    assert {(each["by"], each["name"], each["how"]) for each in looks} == {
        (page.name, "Hall", "live")
    }
    assert all(each["from"] < each["to"] for each in looks)
    assert json_of(*of, "check")["findings"] == []
