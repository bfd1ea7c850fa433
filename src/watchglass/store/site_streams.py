"""The streams of a camera as rows: where each is had, and how."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.camera import StreamAddress, Transport
from watchglass.model.stream import StreamName
from watchglass.store.site_tables import STREAMS

COLUMNS = (
    STREAMS.c.stream, STREAMS.c.url, STREAMS.c.retention_h.label("hours"), STREAMS.c.transport,
    STREAMS.c.fingerprint, STREAMS.c.events_h.label("hours_of_events"),
)  # fmt: skip
_TLS = "rtsps:"


def insert_streams(
    connection: sa.Connection, camera: CameraId, streams: Iterable[StreamAddress]
) -> None:
    rows = [
        {
            "camera": camera, "stream": address.stream.value, "url": address.url,
            "transport": address.transport.value, "fingerprint": address.fingerprint,
        }
        for address in streams
    ]  # fmt: skip
    connection.execute(sa.insert(STREAMS), rows)


def stream_of(row: Mapping[str, Any]) -> StreamAddress:
    """ValueError for what no version of us has written."""
    return StreamAddress(
        StreamName(row["stream"]), row["url"], row["hours"], Transport(row["transport"]),
        row["fingerprint"], row["hours_of_events"],
    )  # fmt: skip


def keep_stream_for(
    connection: sa.Connection,
    camera: CameraId,
    stream: StreamName,
    hours: Mapping[str, int | None],
) -> None:
    """``hours`` by column."""
    of_stream = (STREAMS.c.camera == camera, STREAMS.c.stream == stream.value)
    change = sa.update(STREAMS).where(*of_stream).values(**hours)
    if not connection.execute(change).rowcount:
        raise NotFoundError(f"The camera has no stream {stream}.")


def trust_key(connection: sa.Connection, camera: CameraId, fingerprint: str) -> None:
    """Of all its streams over TLS; UsageError where there is none."""
    over_tls = (STREAMS.c.camera == camera, STREAMS.c.url.startswith(_TLS))
    change = sa.update(STREAMS).where(*over_tls).values(fingerprint=fingerprint)
    if not connection.execute(change).rowcount:
        raise UsageError("The camera is not spoken to over TLS (rtsps://), and has no key.")


def move_streams(
    connection: sa.Connection,
    camera: CameraId,
    urls: Mapping[StreamName, str],
    transport: Transport | None,
) -> None:
    """New addresses by stream; what is kept of each, and how long, stays as it is.

    A key that was trusted is of the device at the old address, so it is no longer.
    """
    for stream, url in urls.items():
        of_stream = (STREAMS.c.camera == camera, STREAMS.c.stream == stream.value)
        change = sa.update(STREAMS).where(*of_stream).values(url=url, fingerprint="")
        if not connection.execute(change).rowcount:
            raise UsageError(
                f"The camera has no {stream} stream: remove it and add it again to record one."
            )
    if transport is not None:
        of_camera = STREAMS.c.camera == camera
        connection.execute(sa.update(STREAMS).where(of_camera).values(transport=transport.value))


def swap_streams(
    connection: sa.Connection, camera: CameraId, streams: Iterable[StreamAddress]
) -> None:
    """As another device has them; how long each is kept stays."""
    for each in streams:
        of_stream = (STREAMS.c.camera == camera, STREAMS.c.stream == each.stream.value)
        change = sa.update(STREAMS).where(*of_stream)
        connection.execute(
            change.values(
                url=each.url, transport=each.transport.value, fingerprint=each.fingerprint
            )
        )
