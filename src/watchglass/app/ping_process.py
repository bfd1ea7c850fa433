"""Entry of the ping process: makes one request when told to, and says how it went.

It knows the URL and nothing else. A redirect is not followed: only what was configured is asked.
"""

import http.client
import signal
import ssl
import sys
from types import FrameType
from urllib.parse import urlsplit

import msgspec

import watchglass
from watchglass.app.fences import fence_in, of_ping, tell
from watchglass.app.pipes import first_message, leave, say
from watchglass.base import log
from watchglass.model.assignment import Ping, Pinged, PingStart, Shutdown, ToPingProcess

_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_MOST_ANSWER_BYTES = 4096


def main() -> None:
    """Ping when told to, until told to stop or the supervisor is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[ToPingProcess] = msgspec.json.Decoder(ToPingProcess)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, PingStart)
    log.configure(json=start.log_json)
    tell(fence_in(of_ping(), start.fences))
    signal.signal(signal.SIGALRM, _too_late)
    for line in sys.stdin.buffer:
        match decoder.decode(line):
            case Ping():
                say(Pinged(ping(start.url, start.timeout_s)))
            case Shutdown():
                break
    leave()


def _too_late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("it took too long")


def ping(url: str, timeout_s: float) -> str:
    """Ask for the URL; empty when it answered with success, otherwise why not. The URL, which may
    be a secret, is not in it."""
    # For the whole of it: a server that sends a byte now and then would outlast any other.
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        status = _asked(url, timeout_s)
    except TimeoutError:
        return f"The server did not answer within {timeout_s:g} s."
    except ssl.SSLError as error:
        return f"The server's certificate or encryption is not good ({error.reason or 'unknown'})."
    except OSError as error:
        return f"The server cannot be reached ({error.strerror or type(error).__name__})."
    except http.client.HTTPException as error:
        return f"The server does not speak HTTP ({type(error).__name__})."
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if status in _SUCCESS:
        return ""
    if status in _REDIRECT:
        return f"The server answers with a redirect ({status}), which is not followed."
    return f"The server answers {status}."


def _asked(url: str, timeout_s: float) -> int:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, port, timeout=timeout_s, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        agent = f"Watchglass/{watchglass.__version__}"
        connection.request("GET", target, headers={"User-Agent": agent, "Connection": "close"})
        answer = connection.getresponse()
        answer.read(_MOST_ANSWER_BYTES)
        return answer.status
    finally:
        connection.close()


if __name__ == "__main__":
    main()
