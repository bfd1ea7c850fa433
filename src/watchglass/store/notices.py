"""Notices, what of them is still to be sent, and the ways in which they leave.

In the site's database, with a schema version of their own. Passwords and secrets of the ways lie
here sealed, as cameras' passwords do.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import NoticeId
from watchglass.base.secret import Secret
from watchglass.model.event import ReviewId
from watchglass.model.letter import Letter
from watchglass.model.notice import Delivery, Notice, NoticeKind, NoticeWay, WayStatus
from watchglass.model.notice_way import WAYS, WaySettings, way_of
from watchglass.store.database import Database, Schema, Synchronous
from watchglass.store.kept_reading import KeptReading
from watchglass.store.vault import Vault

MOST_NOTICES = 1000
MOST_WAITING = 200
_T = sa.MetaData()
_NOTICES = sa.Table(
    "notices", _T,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("about", sa.String(64), nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("at_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("ended_ns", sa.BigInteger),
    sa.Column("acknowledged_by", sa.Text, nullable=False, server_default=""),
    sa.Column("acknowledged_ns", sa.BigInteger),
)  # fmt: skip
_WAITING = sa.Table(
    "notice_deliveries", _T,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True,
              autoincrement=True),
    sa.Column("way", sa.String(16), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("made_ns", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_ns", sa.BigInteger, nullable=False),
)  # fmt: skip
_WAYS = sa.Table(
    "notice_ways", _T,
    sa.Column("way", sa.String(16), primary_key=True),
    sa.Column("settings", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("status", sa.LargeBinary, nullable=False),
    sa.Column("daily", sa.String(10), nullable=False, server_default=""),
)  # fmt: skip
_REVIEWS = sa.Table(
    "notice_reviews", _T,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("alarm", sa.Boolean, nullable=False),
)  # fmt: skip


def _letters(connection: sa.Connection) -> None:
    """What waits was a text for one way, and is a letter for any; and review items are known."""
    connection.exec_driver_sql(
        "CREATE TABLE notice_reviews (id VARCHAR(64) NOT NULL, at_ns BIGINT NOT NULL,"
        " alarm BOOLEAN NOT NULL, PRIMARY KEY (id))"
    )
    connection.exec_driver_sql("CREATE INDEX ix_notice_reviews_at_ns ON notice_reviews (at_ns)")
    waiting = connection.exec_driver_sql(
        "SELECT id, way, subject, body, made_ns FROM notice_deliveries"
    ).all()
    for id, way, subject, body, made_ns in waiting:
        letter = _letter_of_old(way, subject, body, made_ns)
        connection.exec_driver_sql(
            "UPDATE notice_deliveries SET subject = ?, body = ? WHERE id = ?",
            (letter["subject"], msgspec.json.encode(letter).decode(), id),
        )


def _letter_of_old(way: str, subject: str, body: str, made_ns: int) -> dict[str, object]:
    told: dict[str, Any] = {}
    if way == "webhook" and body.startswith("{"):
        told = msgspec.json.decode(body)
    text = told.get("sentence") or (body if way == "webhook" else subject)
    return {
        "event": told.get("event") or "opened", "kind": told.get("kind") or "recorder_restarted",
        "subject": text.removeprefix("Watchglass: "), "text": body if way == "mail" else text,
        "at_ns": made_ns, "id": told.get("notice") or "", "about": told.get("about") or "",
    }  # fmt: skip


SCHEMA = Schema(
    "notices", _T, upgrades=(_letters,),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)  # fmt: skip
_LETTER: msgspec.json.Decoder[Letter] = msgspec.json.Decoder(Letter)
_STATUS: msgspec.json.Decoder[WayStatus] = msgspec.json.Decoder(WayStatus)
_SETTINGS: dict[NoticeWay, msgspec.json.Decoder[Any]] = {
    way: msgspec.json.Decoder(kind) for way, kind in WAYS.items()
}
_REVIEWS_KNOWN_NS = 30 * 24 * 3600 * 10**9


class NoticeStore:
    """Thread-safe; each method is one transaction. Raises what ``Database`` does."""

    def __init__(self, path: Path, vault: Vault, disk: Disk | None = None) -> None:
        self._vault = vault
        self._database = Database(
            path, SCHEMA, synchronous=Synchronous.FULL, disk=disk, erase_deleted=True
        )
        # Asked for again and again, by who sends.
        self._ways = KeptReading(self._database, _ways)
        self._soonest = KeptReading(self._database, _soonest)

    def close(self) -> None:
        self._database.close()

    # --- notices -----------------------------------------------------------------------------

    def add(self, notice: Notice) -> None:
        """Keep it; of those that are over the oldest go when there are too many."""
        with self._database.write() as connection:
            connection.execute(sa.insert(_NOTICES).values(**_row(notice)))
            count = connection.scalar(sa.select(sa.func.count()).select_from(_NOTICES)) or 0
            if count > MOST_NOTICES:
                oldest = (
                    sa.select(_NOTICES.c.id)
                    .where(_NOTICES.c.ended_ns.is_not(None))
                    .order_by(_NOTICES.c.at_ns)
                    .limit(count - MOST_NOTICES)
                )
                connection.execute(sa.delete(_NOTICES).where(_NOTICES.c.id.in_(oldest)))

    def end(self, kind: NoticeKind, about: str, ended_ns: int) -> Notice | None:
        """It is over; None where none of that kind was."""
        with self._database.write() as connection:
            found = connection.execute(
                sa.select(_NOTICES).where(
                    _NOTICES.c.kind == kind.value, _NOTICES.c.about == about,
                    _NOTICES.c.ended_ns.is_(None),
                )
            ).mappings().first()  # fmt: skip
            if found is None:
                return None
            change = sa.update(_NOTICES).where(_NOTICES.c.id == found["id"])
            connection.execute(change.values(ended_ns=ended_ns))
        return _notice({**found, "ended_ns": ended_ns})

    def notices(self, limit: int = MOST_NOTICES, *, lasting: bool = False) -> list[Notice]:
        """Newest first; ``lasting``: those that are not over."""
        asked = sa.select(_NOTICES).order_by(_NOTICES.c.at_ns.desc(), _NOTICES.c.id).limit(limit)
        if lasting:
            asked = asked.where(_NOTICES.c.ended_ns.is_(None))
        with self._database.read() as connection:
            return [_notice(row) for row in connection.execute(asked).mappings()]

    def acknowledge(self, notice: NoticeId | None, by: str, now_ns: int) -> int:
        """Somebody has seen it, or all of them with None; how many were new to him.

        NotFoundError for one that is not there.
        """
        unseen: sa.ColumnElement[bool] = _NOTICES.c.acknowledged_ns.is_(None)
        with self._database.write() as connection:
            if notice is not None:
                there = sa.select(_NOTICES.c.id).where(_NOTICES.c.id == notice)
                if connection.scalar(there) is None:
                    raise NotFoundError("There is no such notice.")
                unseen &= _NOTICES.c.id == notice
            change = sa.update(_NOTICES).where(unseen)
            return connection.execute(
                change.values(acknowledged_by=by, acknowledged_ns=now_ns)
            ).rowcount

    # --- ways --------------------------------------------------------------------------------

    def way(self, way: NoticeWay) -> WaySettings | None:
        """How it is set up; None where it is not."""
        found = self._ways().get(way)
        if found is None:
            return None
        settings: WaySettings = self._decoded(_SETTINGS[way], found)
        return settings

    def ways(self) -> list[WaySettings]:
        """All that are set up."""
        return [each for each in map(self.way, NoticeWay) if each is not None]

    def set_way(
        self, settings: WaySettings, secret: Secret | None, *, keep_secret: bool = False
    ) -> None:
        """Have notices leave so from now on. ``keep_secret``: the one that is stored."""
        way = way_of(settings)
        with self._database.write() as connection:
            known = connection.execute(sa.select(_WAYS).filter_by(way=way.value)).first()
            sealed = known.sealed if known is not None and keep_secret else None
            if secret is not None:
                sealed = self._vault.seal(secret, _context(way))
            connection.execute(sa.delete(_WAYS).where(_WAYS.c.way == way.value))
            connection.execute(
                sa.insert(_WAYS).values(
                    way=way.value, settings=msgspec.json.encode(settings), sealed=sealed,
                    status=msgspec.json.encode(WayStatus()),
                    daily=known.daily if known is not None else "",
                )
            )  # fmt: skip

    def drop_way(self, way: NoticeWay) -> None:
        """Nothing leaves so any more; its secret and what waits go too."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_WAYS).where(_WAYS.c.way == way.value))
            connection.execute(sa.delete(_WAITING).where(_WAITING.c.way == way.value))

    def secret(self, way: NoticeWay) -> Secret | None:
        """The way's password or key; DamagedError where it does not open."""
        with self._database.read() as connection:
            sealed = connection.scalar(sa.select(_WAYS.c.sealed).filter_by(way=way.value))
        return None if sealed is None else self._vault.open(sealed, _context(way))

    def has_secret(self, way: NoticeWay) -> bool:
        with self._database.read() as connection:
            asked = sa.select(_WAYS.c.sealed.is_not(None)).filter_by(way=way.value)
            return bool(connection.scalar(asked))

    def status(self, way: NoticeWay) -> WayStatus:
        """How the last tries went, and what waits."""
        with self._database.read() as connection:
            found = connection.scalar(sa.select(_WAYS.c.status).filter_by(way=way.value))
            count = connection.scalar(
                sa.select(sa.func.count()).select_from(_WAITING).filter_by(way=way.value)
            )
        told = WayStatus() if found is None else self._decoded(_STATUS, found)
        return msgspec.structs.replace(told, waiting=count or 0)

    def daily_sent(self) -> str:
        """The local date of the last two lines on a day; empty for none."""
        with self._database.read() as connection:
            asked = sa.select(_WAYS.c.daily).filter_by(way=NoticeWay.MAIL.value)
            return connection.scalar(asked) or ""

    def set_daily_sent(self, date: str) -> None:
        with self._database.write() as connection:
            change = sa.update(_WAYS).where(_WAYS.c.way == NoticeWay.MAIL.value)
            connection.execute(change.values(daily=date))

    # --- review items ------------------------------------------------------------------------

    def note_review(self, review: ReviewId, at_ns: int, *, alarm: bool) -> bool:
        """Whether somebody is to be told of it: not for the first time, unless it has become an
        alarm since."""
        with self._database.write() as connection:
            mine = _REVIEWS.c.id == review
            known = connection.execute(sa.select(_REVIEWS.c.alarm).where(mine)).first()
            if known is not None and (known.alarm or not alarm):
                return False
            connection.execute(sa.delete(_REVIEWS).where(mine))
            connection.execute(sa.insert(_REVIEWS).values(id=review, at_ns=at_ns, alarm=alarm))
            old = _REVIEWS.c.at_ns < at_ns - _REVIEWS_KNOWN_NS
            connection.execute(sa.delete(_REVIEWS).where(old))
        return True

    # --- deliveries --------------------------------------------------------------------------

    def put(self, way: NoticeWay, letter: Letter, now_ns: int, due_ns: int | None = None) -> None:
        """Have it sent, now or at ``due_ns``. Where too much waits the oldest goes (policy: drop
        oldest), counted."""
        subject, body = letter.subject, msgspec.json.encode(letter).decode()
        with self._database.write() as connection:
            row = {"way": way.value, "subject": subject, "body": body, "made_ns": now_ns,
                   "tries": 0, "due_ns": now_ns if due_ns is None else due_ns}  # fmt: skip
            connection.execute(sa.insert(_WAITING).values(**row))
            of_way = _WAITING.c.way == way.value
            over = sa.select(_WAITING.c.id).where(of_way).order_by(_WAITING.c.id.desc())
            gone = connection.execute(
                sa.delete(_WAITING).where(_WAITING.c.id.in_(over.offset(MOST_WAITING).limit(1000)))
            ).rowcount
            if gone:
                told = self._status_of(connection, way)
                dropped = msgspec.structs.replace(told, dropped=told.dropped + gone)
                self._set_status(connection, way, dropped)

    def due(self, now_ns: int, ways: Iterable[NoticeWay] = tuple(NoticeWay)) -> Delivery | None:
        """What is to be sent next, by one of these ways."""
        ways = tuple(ways)
        soonest = self._soonest()
        if not any(each in soonest and soonest[each] <= now_ns for each in ways):
            return None
        of = _WAITING.c.way.in_([each.value for each in ways])
        asked = sa.select(_WAITING).where(of, _WAITING.c.due_ns <= now_ns).order_by(_WAITING.c.id)
        with self._database.read() as connection:
            row = connection.execute(asked.limit(1)).mappings().first()
        return None if row is None else _delivery(row)

    def take_back(self, way: NoticeWay, id: str, event: str) -> bool:
        """Take back what waits of a notice and was never tried; whether there was any."""
        with self._database.write() as connection:
            mine = _WAITING.c.way == way.value, _WAITING.c.tries == 0
            rows = connection.execute(sa.select(_WAITING.c.id, _WAITING.c.body).where(*mine)).all()
            letters = [(row.id, self._decoded(_LETTER, row.body)) for row in rows]
            found = [each for each, letter in letters if (letter.id, letter.event) == (id, event)]
            connection.execute(sa.delete(_WAITING).where(_WAITING.c.id.in_(found)))
        return bool(found)

    def letter(self, delivery: Delivery) -> Letter:
        """What is in it."""
        found: Letter = self._decoded(_LETTER, delivery.body)
        return found

    def postpone(self, delivery: Delivery, due_ns: int) -> None:
        """Not yet: that is no try."""
        with self._database.write() as connection:
            mine = sa.update(_WAITING).where(_WAITING.c.id == delivery.id)
            connection.execute(mine.values(due_ns=due_ns))

    def stands(self, way: NoticeWay, error: str, now_ns: int) -> None:
        """Of a way that keeps a connection: it stands, or why it does not."""
        with self._database.write() as connection:
            told = self._status_of(connection, way)
            failed_ns = now_ns if error else told.failed_ns
            self._set_status(
                connection, way, msgspec.structs.replace(told, failed_ns=failed_ns, error=error)
            )

    def sent(self, delivery: Delivery, now_ns: int) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(_WAITING).where(_WAITING.c.id == delivery.id))
            told = self._status_of(connection, delivery.way)
            done = msgspec.structs.replace(told, sent_ns=now_ns, error="")
            self._set_status(connection, delivery.way, done)

    def failed(self, delivery: Delivery, error: str, now_ns: int, again_ns: int | None) -> None:
        """Try it again at ``again_ns``; None to give it up."""
        with self._database.write() as connection:
            mine = _WAITING.c.id == delivery.id
            if again_ns is None:
                connection.execute(sa.delete(_WAITING).where(mine))
            else:
                values = {"tries": delivery.tries + 1, "due_ns": again_ns}
                connection.execute(sa.update(_WAITING).where(mine).values(**values))
            told = self._status_of(connection, delivery.way)
            told = msgspec.structs.replace(
                told, failed_ns=now_ns, error=error, dropped=told.dropped + (again_ns is None)
            )
            self._set_status(connection, delivery.way, told)

    # --- inside ------------------------------------------------------------------------------

    def _status_of(self, connection: sa.Connection, way: NoticeWay) -> WayStatus:
        found = connection.scalar(sa.select(_WAYS.c.status).filter_by(way=way.value))
        return WayStatus() if found is None else self._decoded(_STATUS, found)

    def _set_status(self, connection: sa.Connection, way: NoticeWay, status: WayStatus) -> None:
        change = sa.update(_WAYS).where(_WAYS.c.way == way.value)
        connection.execute(change.values(status=msgspec.json.encode(status)))

    def _decoded(self, decoder: msgspec.json.Decoder[Any], found: bytes | str) -> Any:
        try:
            return decoder.decode(found)
        except msgspec.MsgspecError as error:
            raise self._database.damaged(f"the ways of notices: {error}") from error


def _ways(connection: sa.Connection) -> Mapping[str, bytes]:
    asked = sa.select(_WAYS.c.way, _WAYS.c.settings)
    return {row.way: row.settings for row in connection.execute(asked)}


def _soonest(connection: sa.Connection) -> Mapping[str, int]:
    first = sa.func.min(_WAITING.c.due_ns).label("due_ns")
    asked = sa.select(_WAITING.c.way, first).group_by(_WAITING.c.way)
    return {row.way: row.due_ns for row in connection.execute(asked)}


def _context(way: NoticeWay) -> str:
    return f"notices/{way.value}/secret"


def _row(notice: Notice) -> dict[str, object]:
    return msgspec.structs.asdict(notice) | {"kind": notice.kind.value}


def _notice(row: Any) -> Notice:
    return Notice(**{**row, "kind": NoticeKind(row["kind"]), "id": NoticeId(row["id"])})


def _delivery(row: Any) -> Delivery:
    return Delivery(**{**row, "way": NoticeWay(row["way"])})
