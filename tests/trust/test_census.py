"""The census: what is counted is true, small cells cannot be had, and no address is kept."""

import csv
import json
import random
from collections import defaultdict
from collections.abc import Callable, Hashable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.app.census import counted
from watchglass.app.cli.program import run
from watchglass.base.errors import UsageError
from watchglass.model.census import Census, CensusOrder
from watchglass.trust.census.cells import left_out
from watchglass.trust.census.columns import columns_of
from watchglass.trust.census.judging import UNKNOWN, Signature, SignatureJudge
from watchglass.trust.facts import read_facts

HIK = "DNVRS-Webs"


def signature(
    port: str = "80", server: str = "", title: str = "", *, rtsp: bool = False
) -> Signature:
    return Signature(port, server, "", title, "", "", rtsp)


def test_what_answers_is_judged_by_the_same_signs() -> None:
    judge = SignatureJudge(read_facts())
    assert judge.judge(signature(server=HIK)).camera
    assert judge.judge(signature(server="App-webs/")).maker == "Hikvision"
    assert judge.judge(signature("554", "GStreamer RTSP server", rtsp=True)).maker == UNKNOWN
    for server in ("nginx", "Apache/2.4.58 (Debian)", ""):
        assert not judge.judge(signature(server=server, title="Welcome")).camera


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz")), st.integers(1, 40), max_size=9
    ),
    st.integers(3, 12),
    st.booleans(),
)
def test_no_total_tells_what_is_left_out(
    counts: dict[tuple[str, str], int], least: int, both: bool
) -> None:
    totals: list[Callable[[tuple[str, str]], Hashable]] = [lambda key: key[0]]
    if both:
        totals.append(lambda key: key[1])
    hidden = left_out(counts, totals, least)
    assert all(count >= least for key, count in counts.items() if key not in hidden)
    for total in totals:
        groups: dict[Hashable, list[tuple[str, str]]] = defaultdict(list)
        for key in counts:
            groups[total(key)].append(key)
        for group in groups.values():
            inside = [key for key in group if key in hidden]
            if inside and len(inside) < len(group):
                assert len(inside) >= 2
                assert sum(counts[key] for key in inside) >= least
    assert hidden <= counts.keys()


def test_columns_are_found_by_the_names_that_exports_use() -> None:
    found = columns_of(["ip_str", "Port", "location.country_code", "org", "data", "http.title"])
    assert found["address"] == ("ip_str",)
    assert found["country"] == ("location.country_code",)
    assert found["title"] == ("http.title",)
    with pytest.raises(UsageError, match="holds addresses"):
        columns_of(["banner"])
    with pytest.raises(UsageError, match="what answered"):
        columns_of(["ip", "country"])


def census(folder: Path, file: Path, least: int = 3) -> Census:
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    return counted(CensusOrder(
        file=str(file), folder=str(spill), facts=str(folder / "facts"), least=least,
        memory_bytes=128 << 20, threads=1,
    ))  # fmt: skip


@pytest.mark.full
def test_networks_and_answers_are_counted_apart_and_addresses_kept_nowhere(
    tmp_path: Path,
) -> None:
    luck = random.Random(3)
    truth: dict[str, set[str]] = defaultdict(set)
    answers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    rows = []
    for _ in range(3000):
        ip = f"198.51.{luck.randrange(4)}.{luck.randrange(256)}"
        country = ("US", "DE", "LI")[int(ip.split(".")[2]) % 3]
        camera = luck.random() < 0.2
        port = luck.choice(("80", "8080"))
        rows.append(
            (ip, port, country, "Town", "AS1 O'Net; drop table seen", HIK if camera else "nginx")
        )
        if camera:
            truth[country].add(ip)
            answers[country].add((ip, port))
    as_csv, as_json = tmp_path / "it's.csv", tmp_path / "banners.jsonl"
    with as_csv.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("ip", "port", "country", "city", "operator", "server"))
        writer.writerows(rows)
        out.write("198.51.0.1,80\n")
    with as_json.open("w") as lines:
        for ip, port, country, city, org, server in rows:
            lines.write(json.dumps({
                "ip_str": ip, "port": int(port), "org": org,
                "location": {"country_code": country, "city": city},
                "data": f"HTTP/1.1 200 OK\r\nServer: {server}\r\nDate: {luck.random()}\r\n",
            }) + "\n")  # fmt: skip
        lines.write("no json\n")
    for file in (as_csv, as_json):
        found = census(tmp_path, file)
        assert (found.rows, found.broken) == (len(rows), 1), file
        countries = {each.keys[0]: each for each in found.tables[0].cells}
        assert {key: each.networks for key, each in countries.items()} == {
            key: len(each) for key, each in truth.items()
        }
        assert {key: each.answers for key, each in countries.items()} == {
            key: len(each) for key, each in answers.items()
        }
        assert found.networks == sum(map(len, truth.values()))
        assert "198.51." not in repr(found)
        assert list((tmp_path / "spill").iterdir()) == []


@pytest.mark.full
def test_the_command_writes_one_page_that_asks_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "banners.csv"
    lines = ["ip,country,city,operator,server"]
    lines += [f"198.51.100.{at},US,<script>,Net,{HIK}" for at in range(30)]
    lines += [f"198.51.101.{at},LI,Vaduz,Net,{HIK}" for at in range(2)]
    file.write_text("\n".join(lines) + "\n")
    out = tmp_path / "census.html"
    assert (
        run(["--data", str(tmp_path / "data"), "trust", "census", str(file), "--out", str(out)])
        == 0
    )
    page = out.read_text()
    assert "<script>" not in page
    assert "\\u" not in page
    assert "198.51" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "Vaduz" not in page  # two networks
    assert "default-src &#x27;none&#x27;" in page
    assert "neither is a number of cameras" in page
    file.write_text("what,ever\n1,2\n")
    assert run(["--data", str(tmp_path / "data"), "trust", "census", str(file)]) == 2
    assert "No column holds addresses" in capsys.readouterr().err
