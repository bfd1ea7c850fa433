"""What routes answer as it was made elsewhere; its schema is the type's own."""

from typing import Any

import msgspec

from watchglass.model.survey_control import LookedAt
from watchglass.trust.contain.view import ContainmentView
from watchglass.trust.view import DeviceView, FleetView

VIEWS = (FleetView, DeviceView, LookedAt, ContainmentView)


def as_made(view: type[msgspec.Struct]) -> dict[int | str, dict[str, Any]]:
    """For the ``responses`` of a route."""
    schema = {"$ref": f"#/components/schemas/{view.__name__}"}
    content = {"application/json": {"schema": schema}}
    return {200: {"description": "As it was made.", "content": content}}
