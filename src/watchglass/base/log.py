"""structlog set up once: stable action names, one line a change of state."""

import logging
import sys
from typing import TextIO

import structlog


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
