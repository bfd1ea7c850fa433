"""What the routes of one application share."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from watchglass.api.acts import Acts
from watchglass.api.blocking import Blocking
from watchglass.api.changefeed import ChangeFeed
from watchglass.api.clipdesk import ClipDesk
from watchglass.api.filetable import FileTable
from watchglass.api.fleetfiles import FleetFiles
from watchglass.api.lifts import Lifts, SightChanges
from watchglass.api.looks import Looks
from watchglass.api.notequeue import NoteQueue
from watchglass.api.permits import Permits
from watchglass.api.ports import ApiPorts
from watchglass.api.reconversion import OpenSessions
from watchglass.api.redactionplan import Plans
from watchglass.api.steering import Wheels
from watchglass.api.stills import Stills
from watchglass.live.hub import LiveHub


@dataclass(frozen=True, slots=True)
class Services:
    """Made once by ``create_app``."""

    ports: ApiPorts
    blocking: Blocking
    files: FileTable
    notes: NoteQueue
    looks: Looks
    acts: Acts
    hub: LiveHub
    changes: ChangeFeed
    stills: Stills
    conversions: Stills
    sessions: OpenSessions
    fleet: FleetFiles
    permits: Permits
    clips: ClipDesk
    lifts: Lifts
    sights: SightChanges
    wheels: Wheels
    redactions: Plans


def services(connection: HTTPConnection) -> Services:
    """Those of the application that a request came to."""
    found = connection.app.state.services
    assert isinstance(found, Services)
    return found
