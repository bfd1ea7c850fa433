"""The tables of the site: what the operator has set up. Migrated, never made anew."""

import sqlalchemy as sa

from watchglass.model.camera import CameraState, Transport
from watchglass.store.database import Schema
from watchglass.store.partial import partial_index

NAME_MOST = 100

TABLES = sa.MetaData()
VOLUMES = sa.Table(
    "volumes",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("draining", sa.Boolean, nullable=False, server_default=sa.false()),
)
CAMERAS = sa.Table(
    "cameras",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(NAME_MOST), nullable=False),
    sa.Column("volume", sa.ForeignKey(VOLUMES.c.id), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("added_ns", sa.BigInteger, nullable=False),
    sa.Column("paused_until_ns", sa.BigInteger),
    sa.Column("sound", sa.Boolean, nullable=False),
    sa.Column("user", sa.Text),
    sa.Column("sealed_password", sa.LargeBinary),
    sa.Column("retention_h", sa.Integer),
    sa.Column("events_h", sa.Integer),
    sa.Column("erase", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("device_no", sa.Integer, nullable=False, server_default="1"),
    sa.Column("analysis", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("priority", sa.Integer, nullable=False, server_default=sa.text("0")),
)
ACTIVE = CAMERAS.c.state != CameraState.REMOVED.value
# The check that gives the sentence comes first; this holds where transactions run side by side.
partial_index(
    "cameras_active_name", CAMERAS.c.name, where=sa.text("state <> 'removed'"), unique=True
)
STREAMS = sa.Table(
    "camera_streams",
    TABLES,
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), primary_key=True),
    sa.Column("stream", sa.String(8), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("retention_h", sa.Integer),
    sa.Column("transport", sa.String(8), nullable=False, server_default=Transport.AUTO.value),
    sa.Column("fingerprint", sa.String(64), nullable=False, server_default=""),
    sa.Column("events_h", sa.Integer),
)
ONVIF = sa.Table(
    "camera_onvif",
    TABLES,
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("profile", sa.String(64), nullable=False),
    sa.Column("ptz", sa.Boolean, nullable=False),
    sa.Column("events", sa.Boolean, nullable=False),
)
DEVICES = sa.Table(
    "camera_devices",
    TABLES,
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since_ns", sa.BigInteger, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("in_ledger", sa.Boolean, nullable=False),
)
SETTINGS = sa.Table(
    "settings",
    TABLES,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
STATED = sa.Table(
    "camera_statements",
    TABLES,
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), primary_key=True),
    sa.Column("statement", sa.LargeBinary, nullable=False),
)
SCHEDULES = sa.Table(
    "pause_schedules",
    TABLES,
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), primary_key=True),
    sa.Column("schedule", sa.LargeBinary, nullable=False),
    sa.Column("holds", sa.Boolean, nullable=False, server_default=sa.false()),
)
MASKS = sa.Table(
    "masks",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("polygon", sa.Text, nullable=False),
    sa.Column("from_ns", sa.BigInteger),
    sa.Column("until_ns", sa.BigInteger),
    sa.Column("drawn_ns", sa.BigInteger, nullable=False),
    sa.Column("drawn_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("in_camera", sa.Text, nullable=False),
    sa.Column("into_camera", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("camera_problem", sa.Text, nullable=False, server_default=""),
    sa.Column("removed_ns", sa.BigInteger),
    sa.Column("removed_by", sa.Text),
    sa.Column("removed_reason", sa.Text),
)
AREAS = sa.Table(
    "areas",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), nullable=False, index=True),
    sa.Column("area", sa.LargeBinary, nullable=False),
    sa.Column("drawn_ns", sa.BigInteger, nullable=False),
    sa.Column("drawn_by", sa.Text, nullable=False),
)
RULES = sa.Table(
    "rules",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), nullable=False, index=True),
    sa.Column("area", sa.ForeignKey(AREAS.c.id), index=True),
    sa.Column("rule", sa.LargeBinary, nullable=False),
    sa.Column("made_ns", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
)

ERASURES = sa.Table(
    "erasures",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), nullable=False, index=True),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_ns", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_ns", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("request", sa.String(32), nullable=False),
)
HOLDS = sa.Table(
    "holds",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), nullable=False, index=True),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("until_ns", sa.BigInteger),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("set_ns", sa.BigInteger, nullable=False),
    sa.Column("request", sa.String(32), nullable=False),
)
"""Who set a hold and why; that there is one, and that it is lifted, the ledger says."""
SUBJECTS = sa.Table(
    "subject_requests",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("cameras", sa.Text, nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("received_ns", sa.BigInteger, nullable=False),
    sa.Column("deadline_ns", sa.BigInteger, nullable=False),
    sa.Column("taken_by", sa.Text, nullable=False),
    sa.Column("outcome", sa.String(16)),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Column("answered_ns", sa.BigInteger),
    sa.Column("forgotten_ns", sa.BigInteger),
)
RESTREAMS = sa.Table(
    "restreams",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.ForeignKey(CAMERAS.c.id), nullable=False),
    sa.Column("stream", sa.String(8), nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("secret", sa.String(32), nullable=False),
    sa.Column("unmasked", sa.Boolean, nullable=False),
    sa.Column("made_ns", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("masked", sa.Boolean, server_default=sa.false(), nullable=False),
    sa.Column("sound", sa.Boolean, server_default=sa.false(), nullable=False),
)


def _draining_and_stream_retention(connection: sa.Connection) -> None:
    connection.execute(
        sa.text("ALTER TABLE volumes ADD COLUMN draining BOOLEAN DEFAULT false NOT NULL")
    )
    connection.execute(sa.text("ALTER TABLE camera_streams ADD COLUMN retention_h INTEGER"))


def _transport_and_fingerprint(connection: sa.Connection) -> None:
    for column in (
        "transport VARCHAR(8) DEFAULT 'auto' NOT NULL",
        "fingerprint VARCHAR(64) DEFAULT '' NOT NULL",
    ):
        connection.execute(sa.text(f"ALTER TABLE camera_streams ADD COLUMN {column}"))


def _retention_of_events(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE cameras ADD COLUMN events_h INTEGER"))
    connection.execute(sa.text("ALTER TABLE camera_streams ADD COLUMN events_h INTEGER"))


def _onvif_addresses(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "CREATE TABLE camera_onvif (camera VARCHAR(32) NOT NULL PRIMARY KEY"
            " REFERENCES cameras (id), url TEXT NOT NULL, profile VARCHAR(64) NOT NULL,"
            " ptz BOOLEAN NOT NULL, events BOOLEAN NOT NULL)"
        )
    )


def _statements_and_schedules(connection: sa.Connection) -> None:
    connection.execute(
        sa.text("ALTER TABLE cameras ADD COLUMN erase BOOLEAN DEFAULT false NOT NULL")
    )
    of_camera = "camera VARCHAR(32) NOT NULL PRIMARY KEY REFERENCES cameras (id)"
    connection.execute(
        sa.text(f"CREATE TABLE camera_statements ({of_camera}, statement BLOB NOT NULL)")
    )
    connection.execute(
        sa.text(
            f"CREATE TABLE pause_schedules ({of_camera}, schedule BLOB NOT NULL, "
            "holds BOOLEAN DEFAULT false NOT NULL)"
        )
    )


def _masks(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "CREATE TABLE masks (id VARCHAR(32) NOT NULL PRIMARY KEY, camera VARCHAR(32) NOT NULL"
            " REFERENCES cameras (id), name TEXT NOT NULL, polygon TEXT NOT NULL, from_ns BIGINT,"
            " until_ns BIGINT, drawn_ns BIGINT NOT NULL, drawn_by TEXT NOT NULL,"
            " reason TEXT NOT NULL, in_camera TEXT NOT NULL, removed_ns BIGINT, removed_by TEXT,"
            " removed_reason TEXT)"
        )
    )
    connection.execute(sa.text("CREATE INDEX ix_masks_camera ON masks (camera)"))


def _areas_and_rules(connection: sa.Connection) -> None:
    of_camera = "camera VARCHAR(32) NOT NULL REFERENCES cameras (id)"
    connection.execute(
        sa.text(
            f"CREATE TABLE areas (id VARCHAR(32) NOT NULL PRIMARY KEY, {of_camera},"
            " area BLOB NOT NULL, drawn_ns BIGINT NOT NULL, drawn_by TEXT NOT NULL)"
        )
    )
    connection.execute(
        sa.text(
            f"CREATE TABLE rules (id VARCHAR(32) NOT NULL PRIMARY KEY, {of_camera},"
            " area VARCHAR(32) REFERENCES areas (id), rule BLOB NOT NULL,"
            " made_ns BIGINT NOT NULL, made_by TEXT NOT NULL)"
        )
    )
    for table, column in (("areas", "camera"), ("rules", "camera"), ("rules", "area")):
        connection.execute(sa.text(f"CREATE INDEX ix_{table}_{column} ON {table} ({column})"))


def _masks_in_cameras(connection: sa.Connection) -> None:
    for column in (
        "into_camera BOOLEAN DEFAULT false NOT NULL", "camera_problem TEXT DEFAULT '' NOT NULL",
    ):  # fmt: skip
        connection.execute(sa.text(f"ALTER TABLE masks ADD COLUMN {column}"))


def _devices_behind_cameras(connection: sa.Connection) -> None:
    connection.execute(
        sa.text("ALTER TABLE cameras ADD COLUMN device_no INTEGER DEFAULT '1' NOT NULL")
    )
    connection.execute(
        sa.text(
            "CREATE TABLE camera_devices (camera VARCHAR(32) NOT NULL REFERENCES cameras (id),"
            " number INTEGER NOT NULL, since_ns BIGINT NOT NULL, identity TEXT NOT NULL,"
            ' host TEXT NOT NULL, "by" TEXT NOT NULL, reason TEXT NOT NULL,'
            " in_ledger BOOLEAN NOT NULL, PRIMARY KEY (camera, number))"
        )
    )


def _analysis_of_cameras(connection: sa.Connection) -> None:
    for column in ("analysis BOOLEAN DEFAULT true NOT NULL", "priority INTEGER DEFAULT 0 NOT NULL"):
        connection.execute(sa.text(f"ALTER TABLE cameras ADD COLUMN {column}"))


def _erasures_holds_and_requests(connection: sa.Connection) -> None:
    of_camera = "camera VARCHAR(32) NOT NULL REFERENCES cameras (id)"
    span = "from_ns BIGINT NOT NULL, to_ns BIGINT NOT NULL"
    for table in (
        f"erasures (id VARCHAR(32) NOT NULL PRIMARY KEY, {of_camera}, {span},"
        " asked_by TEXT NOT NULL, asked_ns BIGINT NOT NULL, reason TEXT NOT NULL,"
        " state VARCHAR(16) NOT NULL, decided_by TEXT NOT NULL, decided_ns BIGINT,"
        " note TEXT NOT NULL, request VARCHAR(32) NOT NULL)",
        f"holds (id VARCHAR(32) NOT NULL PRIMARY KEY, {of_camera}, {span}, until_ns BIGINT,"
        ' "by" TEXT NOT NULL, reason TEXT NOT NULL, set_ns BIGINT NOT NULL,'
        " request VARCHAR(32) NOT NULL)",
        "subject_requests (id VARCHAR(32) NOT NULL PRIMARY KEY, who TEXT NOT NULL,"
        f" contact TEXT NOT NULL, said TEXT NOT NULL, cameras TEXT NOT NULL, {span},"
        " received_ns BIGINT NOT NULL, deadline_ns BIGINT NOT NULL, taken_by TEXT NOT NULL,"
        " outcome VARCHAR(16), answer TEXT NOT NULL, answered_by TEXT NOT NULL,"
        " answered_ns BIGINT, forgotten_ns BIGINT)",
    ):
        connection.execute(sa.text(f"CREATE TABLE {table}"))
    for table in ("erasures", "holds"):
        connection.execute(sa.text(f"CREATE INDEX ix_{table}_camera ON {table} (camera)"))


def _restreams(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "CREATE TABLE restreams (id VARCHAR(32) NOT NULL PRIMARY KEY,"
            " camera VARCHAR(32) NOT NULL REFERENCES cameras (id), stream VARCHAR(8) NOT NULL,"
            ' host TEXT NOT NULL, port INTEGER NOT NULL, "user" TEXT NOT NULL,'
            " secret VARCHAR(32) NOT NULL, unmasked BOOLEAN NOT NULL, made_ns BIGINT NOT NULL,"
            " made_by TEXT NOT NULL, reason TEXT NOT NULL)"
        )
    )


def _masked_restreams(connection: sa.Connection) -> None:
    connection.execute(
        sa.text("ALTER TABLE restreams ADD COLUMN masked BOOLEAN DEFAULT false NOT NULL")
    )


def _restreams_with_sound(connection: sa.Connection) -> None:
    connection.execute(
        sa.text("ALTER TABLE restreams ADD COLUMN sound BOOLEAN DEFAULT false NOT NULL")
    )


SCHEMA = Schema(
    "site",
    TABLES,
    upgrades=(
        _draining_and_stream_retention,
        _transport_and_fingerprint,
        _retention_of_events,
        _onvif_addresses,
        _statements_and_schedules,
        _masks,
        _areas_and_rules,
        _masks_in_cameras,
        _devices_behind_cameras,
        _analysis_of_cameras,
        _erasures_holds_and_requests,
        _restreams,
        _masked_restreams,
        _restreams_with_sound,
    ),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)
