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
)
SESSIONS = sa.Table(
    "sessions",
    TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user", sa.ForeignKey(USERS.c.id), nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("seen_ns", sa.BigInteger, nullable=False),
)
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


SCHEMA = Schema(
    "access",
    TABLES,
    upgrades=(_with_tokens, _with_rights),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)
