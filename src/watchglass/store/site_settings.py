"""The site's settings."""

import msgspec
import sqlalchemy as sa

from watchglass.base.errors import UsageError
from watchglass.model.export import ConsentRule
from watchglass.model.retention import Kept
from watchglass.store.country import SAME_COUNTRY, default_retention_h
from watchglass.store.database import Database
from watchglass.store.site_input import checked_hours, shown
from watchglass.store.site_tables import SETTINGS

USUAL_NAMES_H = 180 * 24
"""Half a year: long enough for who asks late, short enough for whoever only did his work."""


class SiteSettings:
    """Settings: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database

    def setting(self, key: str) -> str | None:
        """A setting's text; None while it is not set. Known ones have methods of their own."""
        with self._database.read() as connection:
            found: str | None = connection.scalar(sa.select(SETTINGS.c.value).filter_by(key=key))
            return found

    def set_setting(self, key: str, value: str | None) -> None:
        """Set a setting's text, or unset it with None."""
        with self._database.write() as connection:
            connection.execute(sa.delete(SETTINGS).where(SETTINGS.c.key == key))
            if value is not None:
                connection.execute(sa.insert(SETTINGS).values(key=key, value=value))

    def country(self) -> str | None:
        """The country whose rules hold, in two letters of ISO 3166; None while not stated."""
        return self.setting("country")

    def set_country(self, country: str | None) -> None:
        """State the country, or withdraw it with None."""
        if country is not None:
            country = country.strip().upper()
            if len(country) != 2 or not (country.isascii() and country.isalpha()):
                raise UsageError(f"A country is two letters, such as DE, not {shown(country)}.")
        self.set_setting("country", SAME_COUNTRY.get(country or "", country))

    def backup_ns(self) -> int | None:
        """When a backup was made last (UTC); None for never."""
        stated = self.setting("backup_ns")
        try:
            return None if stated is None else int(stated)
        except ValueError:
            raise self._database.damaged(f"its last backup is {shown(stated)}") from None

    def note_backup(self, now_ns: int) -> None:
        self.set_setting("backup_ns", str(now_ns))

    def default_retention_h(self) -> int:
        """How long footage is kept where a camera says nothing else, in hours.

        What was set; else 72 in the EEA and 336 elsewhere, or while no country is stated.
        """
        stated = self.setting("retention_h")
        if stated is None:
            return default_retention_h(self.country())
        try:
            return int(stated)
        except ValueError:
            raise self._database.damaged(f"its retention is {shown(stated)}") from None

    def names_h(self) -> int:
        """How many hours the names and reasons beside the ledgers are kept."""
        stated = self.setting("names_h")
        try:
            return USUAL_NAMES_H if stated is None else int(stated)
        except ValueError:
            raise self._database.damaged(f"its log keeps names for {shown(stated)}") from None

    def set_names_h(self, hours: int) -> None:
        """Say so; UsageError for less than a day, or more than ten years."""
        if not 24 <= hours <= 10 * 366 * 24:
            raise UsageError("Names in the log are kept for a day at least, ten years at most.")
        self.set_setting("names_h", str(hours))

    def consent_rule(self) -> ConsentRule:
        """Whether evidence takes a second person on all cameras, and when one looks afterwards."""
        stated = self.setting("consent_rule")
        try:
            return (
                ConsentRule() if stated is None else msgspec.json.decode(stated, type=ConsentRule)
            )
        except msgspec.MsgspecError:
            raise self._database.damaged(f"its rule of consent is {shown(stated)}") from None

    def set_consent_rule(self, rule: ConsentRule) -> None:
        """Say so; UsageError for a review within less than an hour, or more than 30 days."""
        if not 1 <= rule.review_h <= 30 * 24:
            raise UsageError("An emergency is reviewed within an hour at least, 30 days at most.")
        self.set_setting("consent_rule", msgspec.json.encode(rule).decode())

    def default_events_h(self) -> int | None:
        """How long footage is kept in which something happened; None: as long as other footage."""
        stated = self.setting("events_h")
        try:
            return None if stated is None else int(stated)
        except ValueError:
            raise self._database.damaged(f"its retention is {shown(stated)}") from None

    def set_default_retention_h(
        self, retention_h: int | None, kind: Kept = Kept.CONTINUOUS
    ) -> None:
        """Set the default for all cameras, or go back to the country's with None."""
        checked = checked_hours(retention_h)
        key = {Kept.CONTINUOUS: "retention_h", Kept.EVENTS: "events_h"}[kind]
        self.set_setting(key, None if checked is None else str(checked))
