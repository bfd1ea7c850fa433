"""The census as one HTML file: a plot, tables, and what they do not say. Nothing from outside."""

import base64
import hashlib
import math

from watchglass.model.census import Cell, Census, CensusTable
from watchglass.trust.census.centroids import CENTROIDS
from watchglass.trust.report.markup import Html, bullets, el, raw, table

_MOST_ROWS = 500
_FIRST_ROWS = 40
"""Of a longer table, what is seen without asking for the rest."""
_WIDTH, _HEIGHT = 960, 460
_NORTH, _SOUTH = 80, -58
_LARGEST = 34.0
_CSS = """
:root{--ink:#16202a;--quiet:#5b6772;--line:#d5dbe0;--soft:#f4f6f8;--dot:#3d6d8f}
*{box-sizing:border-box}
html{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;color:var(--ink);
background:var(--soft)}
body{margin:0 auto;max-width:64rem;background:#fff;padding:2.5rem 3rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:1.3rem;margin:2.6rem 0 .6rem;padding-top:.6rem;border-top:2px solid var(--ink)}
p,ul{margin:.4rem 0 .8rem;max-width:48rem}ul{padding-left:1.2rem}.quiet{color:var(--quiet)}
.lead{font-size:1.16rem}
svg{width:100%;height:auto;background:var(--soft);border:1px solid var(--line);display:block}
svg .grid{stroke:var(--line);stroke-width:1;fill:none}
svg circle{fill:var(--dot);fill-opacity:.55;stroke:var(--dot);stroke-width:1}
svg text{font-size:11px;fill:var(--ink);text-anchor:middle}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.4rem 0}
th{text-align:left;font-weight:600;border-bottom:1.5px solid var(--ink);padding:.3rem .8rem .3rem 0}
td{border-bottom:1px solid var(--line);padding:.28rem .8rem .28rem 0;overflow-wrap:anywhere}
td:nth-last-child(-n+2),th:nth-last-child(-n+2){text-align:right;font-variant-numeric:tabular-nums;
white-space:nowrap}
summary{cursor:pointer;padding:.7rem 0}
@media (max-width:44rem){body{padding:1.2rem}h1{font-size:1.5rem}svg text{font-size:26px}}
@media print{html{background:#fff}body{padding:0;max-width:none}h2{break-after:avoid}}
"""
_HEADS = {"country": "Country", "city": "City", "operator": "Operator", "maker": "Maker"}


def census_page(census: Census, made: str, source: str, program: str) -> bytes:
    """``made``: a moment as text; ``source``: what its owner calls the data."""
    digest = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    by_name = {each.name: each for each in census.tables}
    body = el(
        "body",
        el("h1", f"Camera networks in {source}"),
        el("p", _lead(census), class_="lead"),
        el("p", f"Counted by {program}, {made}. Nothing was contacted: this counts what somebody "
           "else had collected. Facts " + census.facts_version + ".", class_="quiet"),
        _map(by_name["By country"]),
        el("p", "Each circle lies at about the middle of its country; its area goes with the "
           "number of networks. Countries that are not told have none.", class_="quiet"),
        *(part for each in census.tables for part in _table(each)),
        el("h2", "What is counted, and how"),
        bullets(_how(census)),
    )  # fmt: skip
    head = el(
        "head", el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"Camera networks in {source}"), el("style", raw(_CSS)),
    )  # fmt: skip
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n".encode()


def number(value: int | None, least: int) -> str:
    return f"{value:,}" if value is not None else f"fewer than {least}"


def _lead(census: Census) -> str:
    return (
        f"{number(census.networks, census.least)} networks with cameras. On them "
        f"{number(census.answers, census.least)} ports answer as a camera or recorder. These are "
        "two units: neither is a number of cameras."
    )


def _how(census: Census) -> list[str]:
    columns = ", ".join(f"{name} from {column}" for name, column in census.columns)
    return [
        "A network is one public address at which at least one port answers as a camera or a "
        "recorder. An answer is one such port. Behind one address, and behind one recorder, there "
        "may be one camera or a hundred: the two are never added, and neither says how many "
        "cameras there are.",
        f"{census.rows:,} rows were read, {census.broken:,} were none; {census.others:,} other "
        "addresses answer as no camera.",
        f"What answered was judged by the same signs as a device in one's own network: "
        f"{census.signatures:,} different answers, each once"
        + (f"; {census.unjudged:,} rows have answers beyond those that are judged, and count as no "
           "camera." if census.unjudged else "."),
        "A maker is told where it is certain or suspected. Banners can be copied and set, so no "
        "cell is a verdict on a single device.",
        f"Cells of fewer than {census.least} networks are not told, and of what is left under one "
        "total never one alone, nor so few that subtraction would tell them.",
        "Addresses were replaced as they were read, under a key that was held in memory and is "
        "gone. No address is in this file or in any other that this made.",
        "Where something is, and who runs the network, is as the data says it: places of addresses "
        "are often wrong, and nobody here looked.",
        f"Columns: {columns}.",
        "Press accounts of such counts mix networks and cameras. Do not compare numbers of two "
        "units.",
    ]  # fmt: skip


def _table(told: CensusTable) -> list[Html]:
    heads = (*(_HEADS[each] for each in told.heads), "Networks", "Answers")
    shown = told.cells[:_MOST_ROWS]
    rest = len(told.cells) - len(shown)
    notes = [
        f"{told.left_out:,} more are not told, because they are few." if told.left_out else "",
        f"{rest:,} smaller ones are left out here; --json has all." if rest else "",
    ]
    rows = [
        (*(each or "not said" for each in cell.keys), number(cell.networks, 0),
         number(cell.answers, 0))
        for cell in shown
    ]  # fmt: skip
    note = " ".join(each for each in notes if each)
    first, more = rows[:_FIRST_ROWS], rows[_FIRST_ROWS:]
    return [
        el("h2", told.name), el("div", table(heads, first), class_="wide"),
        *([el("details", el("summary", f"{len(more):,} more"),
              el("div", table(heads, more), class_="wide"))] if more else []),
        *([el("p", note, class_="quiet")] if note else []),
    ]  # fmt: skip


def _map(told: CensusTable) -> Html:
    """Circles at the middle of countries, on lines 30 degrees apart."""
    grid = "".join(
        f"M{_x(at):.0f} 0V{_HEIGHT}" for at in range(-150, 180, 30)
    ) + "".join(f"M0 {_y(at):.0f}H{_WIDTH}" for at in range(-30, 90, 30))  # fmt: skip
    placed = [each for each in told.cells if each.keys[0] in CENTROIDS and each.networks]
    most = max((each.networks or 0 for each in placed), default=1)
    circles = [_circle(each, most) for each in placed]
    named = sorted(placed, key=lambda each: -(each.networks or 0))[:15]
    names = [_name(each) for each in named]
    return el(
        "svg", el("path", d=grid, class_="grid"), *circles, *names,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img",
        aria_label="Networks with cameras by country, as circles on a plain plot of the world",
    )  # fmt: skip


def _circle(cell: Cell, most: int) -> Html:
    latitude, longitude = CENTROIDS[cell.keys[0]]
    radius = max(2.0, _LARGEST * math.sqrt((cell.networks or 0) / most))
    title = el("title", f"{cell.keys[0]}: {number(cell.networks, 0)} networks")
    return el("circle", title, cx=f"{_x(longitude):.1f}", cy=f"{_y(latitude):.1f}",
              r=f"{radius:.1f}")  # fmt: skip


def _name(cell: Cell) -> Html:
    latitude, longitude = CENTROIDS[cell.keys[0]]
    return el("text", cell.keys[0], x=f"{_x(longitude):.1f}", y=f"{_y(latitude) + 4:.1f}")


def _x(longitude: float) -> float:
    return (longitude + 180) / 360 * _WIDTH


def _y(latitude: float) -> float:
    return (_NORTH - latitude) / (_NORTH - _SOUTH) * _HEIGHT
