"""Entry of the process that sends notices: a letter by a way when told to, and how it went.

It is told what to send and to whom, and knows nothing else. Where an address leads is looked up and
checked here, and the connection goes there and nowhere else; a redirect is not followed.
"""

import socket

import msgspec

from watchglass.app.going_out import Guard, bounded, connected, live
from watchglass.app.pipes import say
from watchglass.base.fence import FenceMode
from watchglass.base.secret import Secret
from watchglass.events.notifiers import notifier
from watchglass.model.notifier import Parcel
from watchglass.model.sending import Send, SenderStart, Sent, ToSender


def main() -> None:
    """Send when told to, until told to stop or the supervisor is gone."""
    live(msgspec.json.Decoder[ToSender](ToSender), _start, _on_message)


def _start(message: ToSender) -> tuple[bool, FenceMode]:
    assert isinstance(message, SenderStart)
    Guard.stand()
    return message.log_json, message.fences


def _on_message(message: ToSender) -> None:
    if isinstance(message, Send):
        say(Sent(message.number, sent(message)))


def sent(message: Send) -> str:
    """Send it; empty when it was taken, otherwise a sentence on why not. No secret is in it."""

    def connect(host: str, port: int) -> socket.socket:
        return connected(host, port, message.allow, message.timeout_s)

    def errand() -> None:
        secret = Secret(message.secret) if message.secret else None
        one = notifier(message.settings, secret, connect, message.timeout_s)
        try:
            one.send(
                Parcel(
                    message.letter, message.picture, message.number, message.made_ns,
                    message.sent_ns,
                )
            )  # fmt: skip
        finally:
            one.close()

    Guard.let_in(message.allow)
    problem = bounded(errand, message.timeout_s)
    if problem and Guard.refused:
        return (
            f"Its host is {Guard.refused}: nothing is sent there unless its host is let in by name."
        )
    return problem


if __name__ == "__main__":
    main()
