"""Indexes of some of a table's rows alone, which databases have in words of their own.

SQLAlchemy loads a dialect as soon as an index names it: 2 MB and 40 ms in each process of ours that
keeps something, for a database that is not there. So PostgreSQL is told when somebody uses it.
"""

from typing import Any

import sqlalchemy as sa

_WHERE = "where"


def partial_index(
    name: str, *columns: Any, where: sa.ColumnElement[bool] | sa.TextClause, unique: bool = False
) -> sa.Index:
    """Of the rows ``where`` that is so."""
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, info={_WHERE: where})


def for_postgresql(tables: sa.MetaData) -> None:
    """To be called once before these tables are made in PostgreSQL."""
    for table in tables.tables.values():
        for index in table.indexes:
            if _WHERE in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_WHERE]
