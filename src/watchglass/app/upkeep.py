"""What falls due while serving: pauses that begin and end, volumes that are back, certificates,
contacts and requests that somebody has to be told of.

It is looked at every few seconds for ever, so a look asks no database that nobody has written to,
and opens none.
"""

from collections.abc import Callable

from watchglass.app.first_contacts import FirstContacts
from watchglass.app.ground import Ground
from watchglass.app.page_certificate import PageInNetwork
from watchglass.app.site import Site
from watchglass.app.supervisor import Supervisor
from watchglass.app.volumes import missing
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import VolumeId
from watchglass.model.notice import NoticeKind

_LOG = log.get("supervisor")


class Upkeep:
    """One look at a time, in any thread that may wait: an order waits for the keeper."""

    def __init__(
        self,
        on: Ground,
        site: Site,
        supervisor: Supervisor,
        page: PageInNetwork,
        say: Callable[[NoticeKind, str], None],
        volumes: list[tuple[VolumeId, str]],
    ) -> None:
        """``say``: tells people a sentence that is over as soon as it is told."""
        self._site = site
        self._supervisor = supervisor
        self._page = page
        self._say = say
        self._volumes = volumes
        self._contacts = FirstContacts(on)
        self.missing = missing(volumes)
        """A sentence for each volume that was not there when last looked at."""

    def close(self) -> None:
        self._contacts.close()

    def look(self) -> None:
        """Do what is due; what cannot be done is logged, and due again."""
        try:
            self._look()
        except WatchglassError as error:
            _LOG.error("upkeep_failed", error=error.sentence)

    def _look(self) -> None:
        self._site.keep_schedules()
        self._supervisor.keep_up()
        if renewed := self._page.renewed():
            self._supervisor.renew_api()
            self._say(NoticeKind.CERTIFICATE_ENDS, renewed)
        for each in self._contacts.new():
            self._say(NoticeKind.CAMERA_CONTACT, each)
        for each in self._site.decisions.due():
            self._say(NoticeKind.REQUEST_DUE, each)
        if self.missing:
            still = missing(self._volumes)
            if still.keys() < self.missing.keys():
                self._site.configure()
            self.missing = still
