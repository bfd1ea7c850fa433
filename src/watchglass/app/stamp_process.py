"""Entry of the process that asks time stamping authorities: a digest when told to.

It is told where to ask and reaches nothing else; what comes back is parsed here, and nowhere near
recordings and keys.
"""

import secrets
import socket
from urllib.parse import urlsplit

import msgspec

from watchglass.app.going_out import Guard, bounded, connected, live
from watchglass.app.pipes import say
from watchglass.base.fence import FenceMode
from watchglass.events.webhook import answer_of, status_words
from watchglass.evidence.stamps import answered, query
from watchglass.evidence.verify import Signatures
from watchglass.model.notifier import NotTakenError
from watchglass.model.stamping import AskStamp, Stamped, StamperStart, ToStamper

_MOST_ANSWER = 256 << 10
_KIND = "application/timestamp-query"


def main() -> None:
    """Ask when told to, until told to stop or the supervisor is gone."""
    live(msgspec.json.Decoder[ToStamper](ToStamper), _start, _on_message)


def _start(message: ToStamper) -> tuple[bool, FenceMode]:
    assert isinstance(message, StamperStart)
    Guard.stand()
    Guard.keep_to("")
    # What checks signatures is read before the fence is up.
    Signatures("cryptography").valid_by(b"", ("rsa", "sha256"), b"", b"")
    return message.log_json, message.fences


def _on_message(message: ToStamper) -> None:
    if isinstance(message, AskStamp):
        say(stamped(message))


def stamped(asked: AskStamp) -> Stamped:
    """Ask for it. The URL is not in a sentence on what went wrong."""
    host = (urlsplit(asked.url).hostname or "").lower()
    allow = (host,) if asked.allow else ()
    found: list[Stamped] = []

    def connect(name: str, port: int) -> socket.socket:
        return connected(name, port, allow, asked.timeout_s)

    def errand() -> None:
        nonce = secrets.randbits(63)
        headers = {"Content-Type": _KIND, "Accept": "application/timestamp-reply"}
        status, body = answer_of(
            "POST", asked.url, query(asked.digest, nonce), headers, connect, asked.timeout_s,
            _MOST_ANSWER,
        )  # fmt: skip
        if problem := status_words(status):
            raise NotTakenError(problem)
        try:
            stamp = answered(body, asked.digest, nonce, asked.certificates)
        except ValueError as error:
            raise NotTakenError(f"Its answer is not good: {error}.") from error
        top = stamp.chain[-1]
        found.append(
            Stamped(
                asked.number, "", body, stamp.time, stamp.chain[0].name(), top.fingerprint,
            )
        )  # fmt: skip

    Guard.let_in(allow)
    Guard.keep_to(host)
    problem = bounded(errand, asked.timeout_s)
    if problem and Guard.refused:
        problem = (
            f"Its host is {Guard.refused}: nothing is asked there unless it is let in by name."
        )
    return Stamped(asked.number, problem) if problem else found[0]


if __name__ == "__main__":
    main()
