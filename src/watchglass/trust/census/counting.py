"""Counting: millions of rows in bounded memory, by DuckDB; the only place that knows it.

Addresses are replaced as they are read, by SHA-256 under a key of this process alone: it is never
written, and gone when the process ends. DuckDB is given no network, no extension and one folder.
"""

import operator
import resource
import secrets
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path

import duckdb
import msgspec

from watchglass.base.errors import UsageError
from watchglass.model.census import Cell, Census, CensusOrder, CensusTable
from watchglass.model.observation import bounded
from watchglass.trust.census.cells import left_out
from watchglass.trust.census.columns import columns_of
from watchglass.trust.census.judging import Signature, SignatureJudge
from watchglass.trust.facts import Facts

MOST_SIGNATURES = 100_000
_MOST_CHARS = 200
_MOST_KEYS = 100_000
_MOST_BANNER = 4000
_MOST_LINE = 1 << 20
_TELLS = ("port", "server", "realm", "title", "product", "model", "rtsp")
_BETWEEN = ",;\t|"
_Key = tuple[str, ...]


class Counter:
    """Counts one file."""

    def __init__(self, order: CensusOrder, facts: Facts) -> None:
        self._order = order
        self._facts = facts
        self._json = False
        self._database = duckdb.connect(":memory:", config={
            "memory_limit": f"{order.memory_bytes}B", "threads": str(order.threads),
            "temp_directory": order.folder, "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false", "preserve_insertion_order": "false",
        })  # fmt: skip

    def count(self) -> Census:
        """UsageError for what is no table of banners."""
        columns = self._open()
        try:
            rows, broken = self._read(columns)
        except duckdb.Error as error:
            raise UsageError(f"This file cannot be read: {_short(error)}") from None
        signatures, unjudged = self._judge()
        networks, answers, others = self._one(
            "select count(distinct net), count(distinct (net, port)) from cameras"
        ) + self._one("select count(distinct net) from seen where net not in "
                      "(select net from cameras)")  # fmt: skip
        tables = self._tables()
        spent = resource.getrusage(resource.RUSAGE_SELF)
        few = networks < self._order.least
        return Census(
            rows=rows, broken=broken, networks=None if few else networks,
            answers=None if few else answers, others=others, signatures=signatures,
            unjudged=unjudged, least=self._order.least,
            columns=tuple((name, found[0]) for name, found in columns.items() if found),
            tables=tables, facts_version=self._facts.version,
            cpu_s=spent.ru_utime + spent.ru_stime, peak_bytes=spent.ru_maxrss * 1024,
        )  # fmt: skip

    # --- reading -----------------------------------------------------------------------------

    def _open(self) -> dict[str, tuple[str, ...]]:
        """Have the file as the view ``given``, one text column for each column or path in it."""
        path = self._order.file
        with Path(path).open("rb") as file:
            head = file.read(_MOST_LINE).lstrip(b"\xef\xbb\xbf \r\n\t")
        try:
            if head[:1] == b"{":
                return self._open_json(path)
            between = max(_BETWEEN, key=head.partition(b"\n")[0].decode("utf-8", "replace").count)
            self._database.execute(
                f"create view given as select * from read_csv({_text(path)}, all_varchar=true, "
                f"header=true, delim='{between}', quote='\"', escape='\"', strict_mode=false, "
                f"store_rejects=true, max_line_size={_MOST_LINE})"
            )
            described = self._database.execute("describe given").fetchall()
        except duckdb.Error as error:
            raise UsageError(f"This is no CSV and no JSON lines: {_short(error)}") from None
        return {
            meaning: tuple(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in found)
            for meaning, found in columns_of(row[0] for row in described).items()
        }

    def _open_json(self, path: str) -> dict[str, tuple[str, ...]]:
        self._json = True
        self._database.execute(
            "create view given as select json from read_ndjson_objects("
            f"{_text(path)}, ignore_errors=true, maximum_object_size={_MOST_LINE})"
        )
        sample = self._database.execute("select json from given limit 200").fetchall()
        heads: dict[str, None] = {}
        for (text,) in sample:
            for name in _paths(text or ""):
                heads[name] = None
        return {
            meaning: tuple(f"json_extract_string(json, {_text(_pointer(each))})" for each in found)
            for meaning, found in columns_of(heads).items()
        }

    def _read(self, columns: Mapping[str, tuple[str, ...]]) -> tuple[int, int]:
        """Rows into ``seen``, with the address replaced; distinct answers into ``signatures``."""

        def cell(meaning: str, most: int = _MOST_CHARS) -> str:
            found = columns[meaning]
            return f"left(coalesce({', '.join((*found, repr('')))}), {most})"

        def said(meaning: str, pattern: str) -> str:
            if not columns["banner"]:
                return cell(meaning)
            inside = f"left(regexp_extract(said, {_text(pattern)}, 1), {_MOST_CHARS})"
            return f"coalesce(nullif({cell(meaning)}, ''), {inside})"

        parts = {
            "port": f"left({cell('port')}, 8)", "country": f"upper(left({cell('country')}, 60))",
            "city": cell("city", 80), "operator": cell("operator", 80),
            "server": said("server", r"(?i)(?:^|[\r\n])server: *([^\r\n]+)"),
            "realm": said("realm", r'(?i)realm="([^"\r\n]+)"'),
            "title": said("title", r"(?i)<title>([^<\r\n]+)"),
            "product": cell("product"), "model": cell("model"),
            "rtsp": "starts_with(said, 'RTSP/')",
        }  # fmt: skip
        address = cell("address", 64)
        run = self._database.execute
        given = ", ".join(f"{sql} as p_{name}" for name, sql in parts.items())
        run(f"create view texts as select *, {cell('banner', _MOST_BANNER)} as said, "
            f"{address} as at_address from given")  # fmt: skip
        run(f"create view parts as select {given}, at_address from texts where at_address <> ''")
        names = ", ".join(f"p_{name}" for name in _TELLS)
        run(f"create temp table signatures as select hash({names}) as signature, {names}, "
            "count(*) as rows from parts group by all")  # fmt: skip
        # The key is in no table and no file: without it nobody gets from these to addresses.
        run(f"create temp table seen as select unhex(left(sha256('{secrets.token_hex(32)}' || "
            "at_address), 32)) as net, p_port as port, p_country as country, p_city as city, "
            f"p_operator as operator, hash({names}) as signature from parts")  # fmt: skip
        (rows,) = self._one("select count(*) from seen")
        return rows, self._broken()

    def _broken(self) -> int:
        """Lines that could not be read, or name no address."""
        if self._json:
            return self._one("select count(*) from texts where at_address = ''")[0]
        try:
            rejected = self._one(
                "select count(distinct line) from reject_errors "
                "where scan_id = (select max(scan_id) from reject_scans)"
            )
        except duckdb.CatalogException:
            return 0  # no table is made while nothing is rejected
        return rejected[0]

    def _judge(self) -> tuple[int, int]:
        """Have each signature judged; into ``judged`` with what it is."""
        run = self._database.execute
        names = ", ".join(f"p_{name}" for name in _TELLS)
        query = (
            f"select signature, {names} from signatures order by rows desc, signature "
            f"limit {MOST_SIGNATURES}"
        )
        judge = SignatureJudge(self._facts)
        run("create temp table judged (signature ubigint, maker varchar)")
        found = [
            (row[0], answer.maker) for row in run(query).fetchall()
            if (answer := judge.judge(Signature(*row[1:]))).camera
        ]  # fmt: skip
        if found:
            numbers, makers = map(list, zip(*found, strict=True))
            run("insert into judged select unnest(?::ubigint[]), unnest(?::varchar[])",
                [numbers, makers])  # fmt: skip
        run("create temp table cameras as select distinct net, port, country, city, operator, "
            "maker from seen join judged using (signature)")  # fmt: skip
        (told,) = self._one("select count(*) from signatures")
        (unjudged,) = self._one(
            "select coalesce(sum(rows), 0) from (select rows from signatures order by rows desc, "
            f"signature offset {MOST_SIGNATURES})"
        )
        return told, unjudged

    # --- tables ------------------------------------------------------------------------------

    def _tables(self) -> tuple[CensusTable, ...]:
        return (
            self._table("By country", ("country",), ()),
            self._table("By maker", ("maker",), ()),
            self._table("By country and maker", ("country", "maker"), ("country", "maker")),
            self._table("By city", ("country", "city"), ("country",)),
            self._table("By operator", ("country", "operator"), ("country",)),
        )

    def _table(self, name: str, by: tuple[str, ...], totals: tuple[str, ...]) -> CensusTable:
        """``totals``: of which keys the sums are told in another table; the whole always is."""
        columns = ", ".join(by)
        found = self._database.execute(
            f"select {columns}, count(distinct net) as n, count(distinct (net, port)) as a "
            f"from cameras group by {columns} order by n desc, {columns} limit {_MOST_KEYS}"
        ).fetchall()
        counts: dict[_Key, tuple[int, int]] = {
            tuple(str(each) for each in row[: len(by)]): (row[-2], row[-1]) for row in found
        }
        under: list[Callable[[_Key], Hashable]] = [
            operator.itemgetter(by.index(each)) for each in totals
        ]
        hidden = left_out(
            {key: networks for key, (networks, _) in counts.items()},
            under or [lambda _: ""], self._order.least,
        )  # fmt: skip
        cells = tuple(
            Cell(keys=key, networks=networks, answers=answers)
            for key, (networks, answers) in counts.items() if key not in hidden
        )  # fmt: skip
        return CensusTable(name=name, heads=by, cells=cells, left_out=len(hidden))

    def _one(self, query: str) -> tuple[int, ...]:
        found = self._database.execute(query).fetchone()
        assert found is not None
        return tuple(int(each or 0) for each in found)


def _text(value: str) -> str:
    """A string of SQL."""
    return "'" + value.replace("'", "''") + "'"


def _pointer(name: str) -> str:
    """``location.city`` as a path into JSON."""
    return "$" + "".join(f'."{part.replace(chr(34), "")}"' for part in name.split("."))


def _paths(text: str) -> Iterable[str]:
    """Names in a JSON object, and those one and two below, joined by points."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return
    waiting: list[tuple[str, object, int]] = [("", found, 0)]
    while waiting:
        prefix, value, depth = waiting.pop()
        if isinstance(value, dict) and depth < 3:
            waiting += [(f"{prefix}{name}.", each, depth + 1) for name, each in value.items()]
        elif prefix:
            yield prefix[:-1]


def _short(error: Exception) -> str:
    return bounded(str(error).partition("\n")[0], 200)
