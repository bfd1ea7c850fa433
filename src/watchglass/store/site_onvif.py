"""Where cameras are spoken to by ONVIF, as rows."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId
from watchglass.model.camera import OnvifAddress
from watchglass.store.site_tables import ONVIF

COLUMNS = (
    ONVIF.c.url.label("onvif_url"), ONVIF.c.profile.label("onvif_profile"),
    ONVIF.c.ptz.label("onvif_ptz"), ONVIF.c.events.label("onvif_events"),
)  # fmt: skip
_MOST_PROFILE_CHARS = 64


def put_onvif(connection: sa.Connection, camera: CameraId, address: OnvifAddress | None) -> None:
    """In place of what was there; None for a camera that is not spoken to that way."""
    connection.execute(sa.delete(ONVIF).where(ONVIF.c.camera == camera))
    if address is None:
        return
    if len(address.profile) > _MOST_PROFILE_CHARS or not address.profile.isprintable():
        raise UsageError("The camera's profile has a name that cannot be kept.")
    connection.execute(
        sa.insert(ONVIF).values(
            camera=camera, url=address.url, profile=address.profile, ptz=address.ptz,
            events=address.events,
        )
    )  # fmt: skip


def onvif_of(row: Mapping[str, Any]) -> OnvifAddress | None:
    if row["onvif_url"] is None:
        return None
    return OnvifAddress(
        row["onvif_url"], row["onvif_profile"], ptz=row["onvif_ptz"], events=row["onvif_events"]
    )
