"""structlog set up once: stable action names, one line a change of state."""

import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def _without(*modules: str) -> Iterator[None]:
    """As if these were not installed."""
    hidden = [each for each in modules if each not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None: not to be imported
    try:
        yield
    finally:
        for each in hidden:
            del sys.modules[each]


# It loads all that could show tracebacks in colours, wherever that happens to be installed. Nobody
# here asks it to, and each of the recorder's processes would pay 6 MB and 40 ms for it.
with _without("rich", "better_exceptions", "colorama"):
    import structlog

MOST_KEPT = 100
_MOST_TEXT = 400
_SECRET = re.compile(r"pass|secret|token|credential|authori[sz]ation|cookie", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=//)[^/\s@'\"]*@")
_KEPT: deque[tuple[str, str, str]] = deque(maxlen=MOST_KEPT)
_LOCK = threading.Lock()


def recent() -> tuple[tuple[str, str, str], ...]:
    """The newest lines of this process, oldest first: UTC, level, text. At most `MOST_KEPT`; the
    oldest goes. What could be a secret is not in them, whoever logged it."""
    with _LOCK:
        return tuple(_KEPT)


def _keep(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    said = [f"{key}={_shown(key, event[key])}" for key in event if key not in _OWN]
    text = " ".join([str(event.get("event", "")), *said])
    line = str(event.get("timestamp", "")), str(event.get("level", "")), text[:_MOST_TEXT]
    with _LOCK:
        _KEPT.append(line)
    return event


_OWN = frozenset({"event", "timestamp", "level", "part", "exception"})


def _shown(key: str, value: Any) -> str:
    if _SECRET.search(key):
        return "…"
    plain = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return _LOGIN.sub("…@", plain)


def configure(level: str = "info", *, json: bool = False, stream: TextIO | None = None) -> None:
    """Log to ``stream`` (stderr): for people, or one JSON object a line."""
    stream = stream or sys.stderr
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=28)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _keep,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(stream),
        # Not cached: a logger that was used once would hold on to its stream for good, also after
        # logging was set up anew and the stream closed. Changes of state are too few to matter.
        cache_logger_on_first_use=False,
    )


def get(part: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that names its part of the product."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=part)
    return logger
