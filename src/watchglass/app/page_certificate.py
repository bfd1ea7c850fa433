"""The certificate of the page, looked at while the recorder runs: one of ours is made anew before
it ends, one that somebody brought is taken up when its files are others, and that is told.
"""

import datetime as dt
from dataclasses import replace

from watchglass.access.certificate import PageCertificate, given_certificate, own_certificate
from watchglass.app.ground import Ground
from watchglass.app.in_network import InNetwork, always_known, in_network
from watchglass.app.notice_watch import Certificate
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError

_EVERY_NS = 10 * NS_PER_S
_US = dt.timedelta(microseconds=1)
_LOG = log.get("recorder")


class PageInNetwork:
    """``now``: how the page is reached; None while it is served on loopback alone."""

    def __init__(self, on: Ground) -> None:
        self._on = on
        self.now: InNetwork | None = None
        self._due_ns = 0
        self._problem = ""

    def begin(self) -> None:
        """As the settings say; ConfigError for a certificate that cannot be used."""
        self.now = in_network(self._on) if self._on.settings.lan else None

    def renewed(self) -> str:
        """A sentence when there is another certificate than before; empty otherwise. The process
        that serves the page has to begin anew then."""
        now_ns = self._on.clock.monotonic_ns()
        if self.now is None or now_ns < self._due_ns:
            return ""
        self._due_ns = now_ns + _EVERY_NS
        try:
            page = self._look(self.now)
        except WatchglassError as error:
            if error.sentence != self._problem:  # once: files may be written just now
                self._problem = error.sentence
                _LOG.error("certificate_not_read", error=error.sentence)
            return ""
        self._problem = ""
        if page.fingerprint == self.now.page.fingerprint:
            return ""
        self.now = replace(self.now, page=page)
        _LOG.info("certificate_renewed", fingerprint=page.fingerprint)
        if self.now.trusted:
            return f"The page has a new certificate, which ends on {page.ends:%Y-%m-%d}."
        return (
            "The page has made itself a new certificate, because the one before came near its end:"
            f" browsers ask once more. Its fingerprint is {page.fingerprint}."
        )

    def _look(self, now: InNetwork) -> PageCertificate:
        settings = self._on.settings
        if now.trusted:
            assert settings.certificate is not None
            assert settings.certificate_key is not None
            return given_certificate(settings.certificate, settings.certificate_key)
        folder = self._on.layout.vault_key.parent
        return own_certificate(folder, always_known(now.hosts), self._on.disk, self._on.clock)

    def certificate(self) -> Certificate | None:
        """What notices have to know of it."""
        if self.now is None:
            return None
        ends = self.now.page.ends
        ends_ns = (ends - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // _US * 1000
        left_ns = ends_ns - self._on.clock.wall_ns()
        word = "ends" if left_ns > 0 else "has ended"
        remedy = (
            "Renew it: the recorder takes it up by itself as soon as the files are there."
            if self.now.trusted
            else "The recorder renews it by itself, and could not: see its log."
        )
        return Certificate(left_ns, f"{word} on {ends:%Y-%m-%d %H:%M} UTC", remedy)
