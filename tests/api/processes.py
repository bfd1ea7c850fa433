"""The api process as the supervisor would start it, beside a real recorder."""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from websockets.sync.client import ClientConnection

from tests.api.recorded import COOKIE, PASSWORD, live_link
from tests.app.running import environment
from watchglass.access.token import new_token, token_hash
from watchglass.model.assignment import ApiStart


class ApiProcess:
    """``python -m watchglass.app.api_process`` on a data folder, and a browser's side of it."""

    def __init__(self, data: Path) -> None:
        self.token = new_token()
        self.cookie = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watchglass.app.api_process"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
        )  # fmt: skip
        start = ApiStart(
            str(data / "state"), 0, token_hash(self.token), time.time_ns() + 600 * 10**9,
            "info", False,
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(start) + b"\n")
        self.process.stdin.flush()
        said = msgspec.json.decode(self.process.stdout.readline())
        assert said["type"] == "serving", said
        self.port: int = said["port"]
        self.http = httpx.Client(base_url=self.origin, timeout=20)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(path, params=params or None, headers=self.headers())

    def json(self, path: str, **params: Any) -> Any:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> httpx.Response:
        headers = self.headers() | {"Origin": self.origin, "X-Watchglass": "1"}
        return self.http.post(path, json=body, headers=headers)

    def set_up(self) -> None:
        answer = self.post("/api/v1/setup", {"token": self.token, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        self.cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]

    def live(self, camera: str, stream: str) -> ClientConnection:
        url = f"{self.origin}/api/v1/live/{camera}/{stream}"
        return live_link(url, self.origin, self.headers())

    def end(self) -> int:
        """Its input ends, as when the supervisor dies; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(15)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
