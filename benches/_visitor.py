"""Somebody signed in at a recorder's page, without a browser: what it would ask and be sent."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName

PASSWORD = "four words make one"
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """The session that a browser would have."""

    origin: str
    cookie: str

    @classmethod
    def set_up(cls, link: str) -> "Visitor":
        """Set the password with the token of the link that the recorder printed."""
        parts = urlsplit(link)
        origin = f"http://{parts.netloc}"
        body = json.dumps({"token": parts.fragment.removeprefix("token="), "password": PASSWORD})
        asked = urllib.request.Request(
            f"{origin}/api/v1/setup", body.encode(), method="POST",
            headers={"Content-Type": "application/json", "Origin": origin, "X-Watchglass": "1"},
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:
            return cls(origin, str(answer.headers["Set-Cookie"]).partition(";")[0])

    def get(self, path: str) -> bytes:
        """The answer to a GET; urllib.error.URLError where there is none."""
        asked = urllib.request.Request(f"{self.origin}{path}", headers={"Cookie": self.cookie})
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read()
            return body

    def ask(self, path: str) -> Any:
        """The same, as JSON."""
        return json.loads(self.get(path))

    @contextmanager
    def live(
        self, camera: CameraId, stream: StreamName, buffer_bytes: int | None = None
    ) -> Iterator[ClientConnection]:
        """Watch a stream; a small receive buffer makes a slow reader slow for the sender too."""
        parts = urlsplit(self.origin)
        link = socket.socket()
        if buffer_bytes is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        link.connect((parts.hostname, parts.port))
        url = f"ws://{parts.netloc}/api/v1/live/{camera}/{stream}"
        with connect(
            url, sock=link, origin=Origin(self.origin), max_size=None, compression=None,
            additional_headers={"Cookie": self.cookie}, proxy=None, max_queue=2,
        ) as viewer:  # fmt: skip
            yield viewer
