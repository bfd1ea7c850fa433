"""The tables of who may do what: in the site's database, with a schema version of their own.

Rights are JSON texts that only ``access`` understands.
"""

import sqlalchemy as sa

from watchglass.store.database import Schema

TABLES = sa.MetaData()
USERS = sa.Table(
    "users",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("role", sa.String(16), nullable=False, server_default="viewer"),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("rights", sa.Text, nullable=False, server_default="[]"),
    sa.Column("site_rights", sa.Text, nullable=False, server_default="[]"),
    sa.Column("totp_sealed", sa.LargeBinary),
    sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("recovery", sa.Text, nullable=False, server_default="[]"),
)
SESSIONS = sa.Table(
    "sessions",
    TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user", sa.ForeignKey(USERS.c.id), nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("seen_ns", sa.BigInteger, nullable=False),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("agent", sa.String(200), nullable=False, server_default=""),
)
DEVICES = sa.Table(
    "known_devices",
    TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user", sa.ForeignKey(USERS.c.id), nullable=False),
    sa.Column("seen_ns", sa.BigInteger, nullable=False),
)
"""Browsers that somebody has signed in with: they wait for nobody else's wrong passwords."""
DEMANDS = sa.Table(
    "access_demands",
    TABLES,
    sa.Column("role", sa.String(16), primary_key=True),
)
"""Roles that have to have a second factor."""
SETUP = sa.Table(
    "setup_token",
    TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("expires_ns", sa.BigInteger, nullable=False),
)
TOKENS = sa.Table(
    "api_tokens",
    TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("scope", sa.String(32), nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("expires_ns", sa.BigInteger),
    sa.Column("owner", sa.ForeignKey(USERS.c.id)),
    sa.Column("rights", sa.Text, nullable=False, server_default="[]"),
    sa.Column("site_rights", sa.Text, nullable=False, server_default="[]"),
)
GROUPS = sa.Table(
    "camera_groups",
    TABLES,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("cameras", sa.Text, nullable=False, server_default="[]"),
)
REMOVED = sa.Table(
    "removed_users",
    TABLES,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("removed_ns", sa.BigInteger, nullable=False),
)
"""Names of users who are gone, as they are compared, while the log still tells of them."""
REVISION = sa.Table(
    "access_revision",
    TABLES,
    sa.Column("number", sa.BigInteger, primary_key=True),
)
"""One row, which rises with each change of who may do what: so other processes notice."""


def _with_tokens(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "CREATE TABLE api_tokens (token_hash VARCHAR(64) NOT NULL PRIMARY KEY, "
            "name VARCHAR(64) NOT NULL UNIQUE, scope VARCHAR(32) NOT NULL, "
            "created_ns BIGINT NOT NULL, expires_ns BIGINT)"
        )
    )


def _with_rights(connection: sa.Connection) -> None:
    """Whoever was there before there were roles could do everything."""
    for column in (
        "users ADD COLUMN role VARCHAR(16) DEFAULT 'viewer' NOT NULL",
        "users ADD COLUMN disabled BOOLEAN DEFAULT 0 NOT NULL",
        "users ADD COLUMN rights TEXT DEFAULT '[]' NOT NULL",
        "users ADD COLUMN site_rights TEXT DEFAULT '[]' NOT NULL",
        "api_tokens ADD COLUMN owner VARCHAR(32) REFERENCES users (id)",
        "api_tokens ADD COLUMN rights TEXT DEFAULT '[]' NOT NULL",
        "api_tokens ADD COLUMN site_rights TEXT DEFAULT '[]' NOT NULL",
    ):
        connection.execute(sa.text(f"ALTER TABLE {column}"))
    connection.execute(sa.text("UPDATE users SET role = 'admin'"))
    connection.execute(
        sa.text(
            "CREATE TABLE camera_groups (name VARCHAR(64) NOT NULL PRIMARY KEY, "
            "cameras TEXT DEFAULT '[]' NOT NULL)"
        )
    )
    connection.execute(sa.text("CREATE TABLE access_revision (number BIGINT NOT NULL PRIMARY KEY)"))


def _with_second_factors(connection: sa.Connection) -> None:
    for column in (
        "users ADD COLUMN totp_sealed BLOB",
        "users ADD COLUMN totp_step BIGINT DEFAULT '0' NOT NULL",
        "users ADD COLUMN recovery TEXT DEFAULT '[]' NOT NULL",
        "sessions ADD COLUMN address VARCHAR(64) DEFAULT '' NOT NULL",
        "sessions ADD COLUMN agent VARCHAR(200) DEFAULT '' NOT NULL",
    ):
        connection.execute(sa.text(f"ALTER TABLE {column}"))
    connection.execute(
        sa.text(
            "CREATE TABLE known_devices (token_hash VARCHAR(64) NOT NULL PRIMARY KEY, "
            "user VARCHAR(32) NOT NULL REFERENCES users (id), seen_ns BIGINT NOT NULL)"
        )
    )
    connection.execute(
        sa.text("CREATE TABLE access_demands (role VARCHAR(16) NOT NULL PRIMARY KEY)")
    )


def _with_removed(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "CREATE TABLE removed_users (key TEXT NOT NULL PRIMARY KEY, removed_ns BIGINT NOT NULL)"
        )
    )


SCHEMA = Schema(
    "access",
    TABLES,
    upgrades=(_with_tokens, _with_rights, _with_second_factors, _with_removed),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)
