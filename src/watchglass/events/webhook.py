"""A notifier that posts signed JSON to a web server."""

import http.client
import ssl
from contextlib import closing
from urllib.parse import urlsplit

import watchglass
from watchglass.base.clock import NS_PER_S
from watchglass.base.secret import Secret
from watchglass.events.message import DELIVERY, SIGNATURE, signature, webhook_body
from watchglass.model.notice_way import WebhookSettings
from watchglass.model.notifier import Connect, NotTakenError, Parcel

_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_MOST_ANSWER_BYTES = 4096


def asked(
    method: str, url: str, body: bytes | None, headers: dict[str, str], connect: Connect,
    timeout_s: float,
) -> int:  # fmt: skip
    """The status that a web server answers with; what is configured is asked, and a redirect not
    followed. OSError and others say what stood in the way."""
    return answer_of(method, url, body, headers, connect, timeout_s, _MOST_ANSWER_BYTES)[0]


def answer_of(
    method: str, url: str, body: bytes | None, headers: dict[str, str], connect: Connect,
    timeout_s: float, most_bytes: int,
) -> tuple[int, bytes]:  # fmt: skip
    """The same, and what it answers, up to so many bytes."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    plain = connect(host, port)
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(plain, server_hostname=host) if secure else plain
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        always = {"User-Agent": f"Watchglass/{watchglass.__version__}", "Connection": "close"}
        connection.request(method, target, body, headers | always)
        with closing(connection.getresponse()) as answer:
            return answer.status, answer.read(most_bytes)
    finally:
        plain.close()
        connection.close()


def status_words(status: int) -> str:
    """Why a status is none of success; empty where it is."""
    if status in _SUCCESS:
        return ""
    if status in _REDIRECT:
        return f"The server answers with a redirect ({status}), which is not followed."
    return f"The server answers {status}."


class Webhook:
    """See `Notifier`."""

    def __init__(
        self, settings: WebhookSettings, secret: Secret | None, connect: Connect, timeout_s: float
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._connect = connect
        self._timeout_s = timeout_s

    def send(self, parcel: Parcel) -> None:
        """See `Notifier.send`."""
        body = webhook_body(parcel)
        headers = {"Content-Type": "application/json", DELIVERY: str(parcel.number)}
        if self._secret is not None:
            headers[SIGNATURE] = signature(self._secret, body, parcel.sent_ns // NS_PER_S)
        status = asked(
            "POST", self._settings.url, body.encode(), headers, self._connect, self._timeout_s
        )
        if problem := status_words(status):
            raise NotTakenError(problem)

    def close(self) -> None:
        """Nothing is kept."""
