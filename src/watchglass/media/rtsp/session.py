"""An RTSP session (RFC 2326): from OPTIONS to TEARDOWN, and signs of life in between."""

import re
import time

from watchglass.base.clock import Clock
from watchglass.media.rtsp import refusal
from watchglass.media.rtsp.address import RtspAddress, base_url, control_url
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.authentication import Authentication
from watchglass.media.rtsp.carriage import Carriage, Channels
from watchglass.media.rtsp.connection import Connection, is_enough
from watchglass.media.rtsp.message import Message, format_answer, format_request
from watchglass.media.rtsp.sdp import MediaDescription, SessionDescription, parse_sdp
from watchglass.model.camera import Credentials

DEFAULT_TIMEOUT_S = 60
DEFAULT_CLOCK_RATE = 90_000
_LEAST_TIMEOUT_S = 5
_MOST_TIMEOUT_S = 3600
_MOST_CHALLENGES = 2
_SESSION = re.compile(r"\s*([!-:<-~]{1,512})\s*(?:;\s*timeout\s*=\s*(\d{1,6}))?.*", re.IGNORECASE)
_RTPTIME = re.compile(r"rtptime=(\d{1,10})(?!\d)", re.IGNORECASE)


class Session:
    """One session on one connection, for one thread.

    CameraError comes out, or OSError of the connection, and nothing else. Media goes to whoever
    sits on the channels of the carriage's framing, during any call that waits for an answer, too.
    """

    def __init__(
        self,
        connection: Connection,
        carriage: Carriage,
        address: RtspAddress,
        credentials: Credentials | None,
        clock: Clock,
        arrival: Arrival,
    ) -> None:
        self._connection = connection
        self._carriage = carriage
        self._framing = connection.framing
        self._address = address
        self._authentication = Authentication(credentials)
        self._clock = clock
        self._arrival = arrival
        self._base = address.url
        self._control = address.url
        self._cseq = 0
        self._id = ""
        self._timeout_s = DEFAULT_TIMEOUT_S
        self._keep_alive = "OPTIONS"
        self._alive_cseq = 0
        self._next_alive_s = float("inf")
        self._gathers = False
        self.was_much = False
        """Whether the newest piece was large."""
        self.rtptimes: dict[str, int] = {}
        """Timestamps at the begin, by what RTP-Info calls the medium; see `rtptime`."""

    # --- the way to pictures ----------------------------------------------------------------------

    def describe(self, deadline_s: float) -> SessionDescription:
        """Ask what is there."""
        options = self._request("OPTIONS", self._address.url, deadline_s)
        if "GET_PARAMETER" in options.header("public").upper():
            self._keep_alive = "GET_PARAMETER"
        answer = self._request(
            "DESCRIBE", self._address.url, deadline_s, [("Accept", "application/sdp")]
        )
        self._check(answer)
        description = parse_sdp(answer.body)
        self._base = base_url(
            self._address.url, answer.header("content-base"), answer.header("content-location")
        )
        self._control = control_url(self._base, description.control)
        return description

    def set_up(self, medium: MediaDescription, deadline_s: float) -> Channels:
        """Ask for one medium; where in the carriage's framing it will come."""
        transport = self._carriage.offer(medium.clock_rate or DEFAULT_CLOCK_RATE)
        url = control_url(self._control, medium.control)
        answer = self._request("SETUP", url, deadline_s, [("Transport", transport)])
        self._check(answer)
        self._take_session(answer)
        return self._carriage.accept(answer.header("transport"))

    def play(self, deadline_s: float) -> None:
        """Let it begin. Packets may come before the answer does."""
        answer = self._request("PLAY", self._control, deadline_s, [("Range", "npt=0.000-")])
        self._check(answer)
        self._take_session(answer)
        self._take_rtp_info(answer.header("rtp-info"))
        self._next_alive_s = time.monotonic() + self._timeout_s / 2

    def rtptime(self, medium: MediaDescription) -> int | None:
        """What RTP-Info said about a medium; it names it by its whole URL, or by the end of it."""
        url = control_url(self._control, medium.control)
        for name, value in self.rtptimes.items():
            if name and (url == name or url.endswith("/" + name) or name.endswith(medium.control)):
                return value
        return None

    def _take_session(self, answer: Message) -> None:
        match = _SESSION.fullmatch(answer.header("session"))
        if match is None:
            return
        self._id = match[1]
        if match[2]:
            self._timeout_s = min(max(int(match[2]), _LEAST_TIMEOUT_S), _MOST_TIMEOUT_S)

    def _take_rtp_info(self, text: str) -> None:
        for part in text.split(",")[:16]:
            fields = part.strip().split(";")
            name = fields[0].partition("=")[2].strip() if fields[0].startswith("url=") else ""
            found = _RTPTIME.search(part)
            if found is not None:
                self.rtptimes[name] = int(found[1]) & 0xFFFF_FFFF

    # --- while it plays ---------------------------------------------------------------------------

    def pump(self, *, patient: bool = True) -> bool:
        """Wait for a piece of the stream and hand it on; False when nothing came for a while.

        Not ``patient``, it does not give a picture time to become whole.
        """
        size = self._carriage.receive(more_is_coming=self._gathers and patient)
        clock, arrival = self._clock, self._arrival
        arrival.monotonic_ns = clock.monotonic_ns()
        arrival.wall_ns = clock.wall_ns()
        if size:
            self._carriage.framing.parse(size)
        enough = is_enough(size)
        self.was_much = enough and self._connection.may_have_been_full(size)
        waits = size > 0 and self._carriage.framing.waits_for_more
        self._gathers = waits and not enough
        return size > 0

    def tend(self) -> None:
        """What is due besides media: answers to look at, a sign of life to give."""
        messages = self._framing.messages
        while messages:
            self._take_unasked(messages.popleft())
        if time.monotonic() >= self._next_alive_s:
            self._send_alive()

    def _take_unasked(self, message: Message) -> None:
        if message.method:
            if message.method == "REDIRECT":
                raise refusal.of_status(302, self._address.host)
            if message.method == "TEARDOWN":
                raise refusal.ended(self._address.host)
            self._connection.send(format_answer(message))
        elif message.status == 401 and message.cseq == self._alive_cseq:
            # The nonce grew old. Once more at once, and if that is no good either, in due time.
            if self._authentication.take(message.all_headers("www-authenticate")):
                self._send_alive()
                self._alive_cseq = 0
        elif message.status >= 400 and self._keep_alive == "GET_PARAMETER":
            self._keep_alive = "OPTIONS"

    def _send_alive(self) -> None:
        self._next_alive_s = time.monotonic() + self._timeout_s / 2
        self._alive_cseq = self._send(self._keep_alive, self._control, [])

    def tear_down(self) -> None:
        """Tell the camera that we go, without waiting for its answer."""
        if self._id:
            self._connection.send_last(self._formatted("TEARDOWN", self._control, []))
            self._id = ""

    # --- requests ---------------------------------------------------------------------------------

    def _request(
        self, method: str, url: str, deadline_s: float, headers: list[tuple[str, str]] | None = None
    ) -> Message:
        """Ask, prove who we are if asked to, and wait for the answer."""
        for _ in range(_MOST_CHALLENGES):
            answer = self._answer_to(self._send(method, url, headers or []), deadline_s)
            if answer.status != 401:
                return answer
            if not self._authentication.take(answer.all_headers("www-authenticate")):
                return answer
        return self._answer_to(self._send(method, url, headers or []), deadline_s)

    def _send(self, method: str, url: str, headers: list[tuple[str, str]]) -> int:
        self._connection.send(self._formatted(method, url, headers))
        return self._cseq

    def _formatted(self, method: str, url: str, headers: list[tuple[str, str]]) -> bytes:
        self._cseq += 1
        every = [*headers, *self._authentication.header(method, url)]
        if self._id:
            every.append(("Session", self._id))
        return format_request(method, url, self._cseq, every)

    def _answer_to(self, cseq: int, deadline_s: float) -> Message:
        messages = self._framing.messages
        while True:
            while messages:
                message = messages.popleft()
                if message.method:
                    self._take_unasked(message)
                elif message.status >= 200 and message.cseq in (cseq, None):
                    return message
            if time.monotonic() >= deadline_s:
                raise refusal.no_answer(self._address.host)
            self.pump()

    def _check(self, answer: Message) -> None:
        if answer.status != 200:
            raise refusal.of_status(answer.status, self._address.host)
