"""A browser's side of the page that a real recorder serves."""

from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from websockets.sync.client import ClientConnection

from tests.api.recorded import COOKIE, PASSWORD, live_link


class Page:
    """The page at the link that a recorder printed; ``set_up`` makes its first user."""

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.token = parse_qs(parts.fragment)["token"][0]
        self.cookie = ""
        self.http = httpx.Client(base_url=self.origin, timeout=20)

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

    def recording(self) -> list[str]:
        """Ids of the cameras that record now."""
        cameras = self.json("/api/v1/cameras")["cameras"]
        return [each["id"] for each in cameras if each["now"]["state"] == "recording"]

    def live(self, camera: str, stream: str) -> ClientConnection:
        url = f"{self.origin}/api/v1/live/{camera}/{stream}"
        return live_link(url, self.origin, self.headers())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
