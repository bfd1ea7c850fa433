"""Entry of the process that sends notices: a webhook or a mail when told to, and how it went.

It is told what to send and to whom, and knows nothing else. Where an address leads is looked up and
checked here, and the connection goes there and nowhere else; a redirect is not followed.
"""

import http.client
import ipaddress
import signal
import smtplib
import socket
import ssl
import sys
from contextlib import closing
from types import FrameType
from urllib.parse import urlsplit

import msgspec

import watchglass
from watchglass.app.fences import fence_in, of_ping, tell
from watchglass.app.pipes import first_message, leave, say
from watchglass.base import log
from watchglass.cameras.address import forbidden, inner_ip
from watchglass.model.assignment import Shutdown
from watchglass.model.notice import MailTls
from watchglass.model.sending import SenderStart, SendMail, SendWebhook, Sent, ToSender

_READY = 220
_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_MOST_ANSWER_BYTES = 4096
_MOST_SAID = 200


class NotThereError(Exception):
    """The address is refused; the sentence says why."""


def main() -> None:
    """Send when told to, until told to stop or the supervisor is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[ToSender] = msgspec.json.Decoder(ToSender)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, SenderStart)
    log.configure(json=start.log_json)
    tell(fence_in(of_ping(), start.fences))
    signal.signal(signal.SIGALRM, _too_late)
    for line in sys.stdin.buffer:
        message = decoder.decode(line)
        if isinstance(message, Shutdown):
            break
        if isinstance(message, SendWebhook | SendMail):
            say(Sent(message.number, sent(message)))
    leave()


def _too_late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("it took too long")


def sent(message: SendWebhook | SendMail) -> str:
    """Send it; empty when it was taken, otherwise a sentence on why not. No secret is in it."""
    # For the whole of it: a server that sends a byte now and then would outlast any other.
    signal.setitimer(signal.ITIMER_REAL, message.timeout_s)
    try:
        return _posted(message) if isinstance(message, SendWebhook) else _mailed(message)
    except NotThereError as error:
        return str(error)
    except TimeoutError:
        return f"The server did not answer within {message.timeout_s:g} s."
    except ssl.SSLError as error:
        return f"The server's certificate or encryption is not good ({error.reason or 'unknown'})."
    except smtplib.SMTPException as error:
        return _smtp_words(error)
    except OSError as error:
        return f"The server cannot be reached ({error.strerror or type(error).__name__})."
    except (http.client.HTTPException, ValueError) as error:
        return f"The server does not speak as it should ({type(error).__name__})."
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


# --- where it goes --------------------------------------------------------------------------------


def connected(host: str, port: int, allow: tuple[str, ...], timeout_s: float) -> socket.socket:
    """A connection to a host, to an address of it that was checked. NotThereError for one that is
    refused: this machine, a cloud's metadata; unless it was let in by name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotThereError(f"The name {host[:80]} is not known: check its spelling.") from error
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    for text in addresses:
        inner = inner_ip(ipaddress.ip_address(text))
        what = forbidden(inner)
        if what is not None and {host.lower(), text, str(inner)}.isdisjoint(allow):
            raise NotThereError(
                f"{host[:80]} is {what}: nothing is sent there unless its host is let in by name."
            )
    last: OSError = OSError("no address")
    for text in dict.fromkeys(addresses):
        try:
            return socket.create_connection((text, port), timeout_s)
        except OSError as error:
            last = error
    raise last


# --- webhook --------------------------------------------------------------------------------------


def _posted(message: SendWebhook) -> str:
    parts = urlsplit(message.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    plain = connected(host, port, message.allow, message.timeout_s)
    connection = http.client.HTTPConnection(host, port, timeout=message.timeout_s)
    try:
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(plain, server_hostname=host) if secure else plain
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = dict(message.headers) | {
            "Content-Type": "application/json",
            "User-Agent": f"Watchglass/{watchglass.__version__}",
            "Connection": "close",
        }
        connection.request("POST", target, message.body.encode(), headers)
        with closing(connection.getresponse()) as answer:
            answer.read(_MOST_ANSWER_BYTES)
    finally:
        plain.close()
        connection.close()
    if answer.status in _SUCCESS:
        return ""
    if answer.status in _REDIRECT:
        return f"The server answers with a redirect ({answer.status}), which is not followed."
    return f"The server answers {answer.status}."


# --- mail -----------------------------------------------------------------------------------------


class _Checked(smtplib.SMTP):
    """SMTP over a connection that was made before."""

    def __init__(self, made: socket.socket, host: str, timeout_s: float) -> None:
        self._made = made
        super().__init__(timeout=timeout_s, local_hostname="watchglass")
        self._host = host  # what STARTTLS checks the certificate against
        code, answer = self.connect(host, 1)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, answer)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._made


def _mailed(message: SendMail) -> str:
    made = connected(message.host, message.port, message.allow, message.timeout_s)
    context = ssl.create_default_context()
    try:
        if message.tls is MailTls.TLS:
            made = context.wrap_socket(made, server_hostname=message.host)
        with _Checked(made, message.host, message.timeout_s) as server:
            if message.tls is MailTls.STARTTLS:
                server.starttls(context=context)
            if message.user:
                server.login(message.user, message.password)
            server.sendmail(message.sender, message.to, message.message.encode("ascii"))
    finally:
        made.close()
    return ""


def _smtp_words(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "The mail server refuses user name or password."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server does not offer the encryption or the log-in that was asked for."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server hung up: does it speak SMTP in the way that was chosen?"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "The mail server takes no mail to these addresses."
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        shown = "".join(sign if sign.isprintable() else " " for sign in text)[:_MOST_SAID]
        return f"The mail server answers {error.smtp_code}: {shown}"
    return f"The mail server does not take it ({type(error).__name__})."


if __name__ == "__main__":
    main()
