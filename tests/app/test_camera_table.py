"""A table of cameras: what is read of it, and what becomes of each row."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.running import call
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.cameras.table import Fault, Row, is_there, read_table
from watchglass.model.camera import Camera, OnvifAddress, StreamAddress
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator


def test_a_table_as_people_make_it() -> None:
    data = (
        "\ufeffIP;Name;User;Password;Remark\r\n"
        "192.0.2.7;Gate;admin; pass;word ;x\r\n"
        "\r\n"
        "rtsp://192.0.2.8/main;;;;\r\n"
    ).encode()
    rows = read_table(data)
    assert [(row.line, row.url, row.name) for row in rows if isinstance(row, Row)] == [
        (2, "onvif://192.0.2.7", "Gate"), (4, "rtsp://192.0.2.8/main", ""),
    ]  # fmt: skip
    first = rows[0]
    assert isinstance(first, Row)
    assert first.password is not None
    assert first.password.reveal() == " pass", "as it is written, spaces too"
    assert " pass" not in repr(rows)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("file:///etc/passwd,x", "onvif://"), ("http://192.0.2.7,x", "onvif://"),
        ("rtsp://a:b@192.0.2.7/,x", "columns of their own"), (",x", "no address"),
        ("192.0.2.7\x00,x", "address"), ("=cmd|' /C calc'!A0,x", "no spaces"),
        ("192.0.2.7," + "n" * 2000, "characters"), ("192.0.2.7,a\x07b", ""),
    ],
)  # fmt: skip
def test_a_row_of_no_sense_is_told_and_the_others_are_read(line: str, words: str) -> None:
    rows = read_table(f"address,name\n{line}\n192.0.2.9,good\n".encode())
    assert isinstance(rows[0], Fault)
    assert words.lower() in rows[0].sentence.lower()
    assert rows[0].address.isprintable()
    assert isinstance(rows[1], Row)


def test_the_same_camera_twice_is_told() -> None:
    rows = read_table(b"address\n192.0.2.9\nonvif://192.0.2.9\n")
    assert isinstance(rows[1], Fault)
    assert "line 2" in rows[1].sentence


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff\xfe", b"x" * (5 << 20),
                                  b"address\n" + b"192.0.2.1\n" * 5002])  # fmt: skip
def test_a_file_that_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        read_table(data)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    for head in (b"", b"address,name,user,password\n", b"address;name\n"):
        try:
            rows = read_table(head + data)
        except UsageError:
            continue
        for row in rows:
            assert isinstance(row, Row) or row.sentence


def test_a_camera_that_is_there_is_known_again() -> None:
    streams = (StreamAddress(StreamName.MAIN, "rtsp://192.0.2.8/main"),)
    plain = Camera(CameraId("a" * 32), "A", streams, VolumeId("b" * 32))
    onvif = Camera(
        CameraId("b" * 32), "B", streams, VolumeId("b" * 32),
        onvif=OnvifAddress("onvif://192.0.2.7", "p", ptz=False, events=False),
    )  # fmt: skip
    rows = read_table(b"address\n192.0.2.7\nonvif://192.0.2.7:81\nrtsp://192.0.2.8:554/main\n")
    found = [is_there(row, [plain, onvif]) for row in rows if isinstance(row, Row)]
    assert [each.name if each is not None else None for each in found] == ["B", None, "A"]


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_table_is_imported_and_again_without_harm(tmp_path: Path) -> None:
    of = ("--data", str(tmp_path / "data"))
    size = "--width 160 --height 96 --sub-width 96 --sub-height 64 --seconds 2 --bit-rate 100000"
    table = tmp_path / "cameras.csv"
    with Simulator(*size.split(), "--cameras", "1", "--onvif", "--user", "admin",
                   "--password", "geheim") as cameras:  # fmt: skip
        table.write_text(f"address,name\n{cameras.urls[0].onvif},Gate\nftp://x,Bad\n")
        login = ("--user", "admin", "--password-stdin", "--allow", "--json")
        import_ = (*of, "camera", "import", str(table), *login)

        def outcomes(*more: str) -> list[str]:
            result = call(*import_, *more, stdin="geheim", timeout_s=120)
            assert result.returncode == 1, result.stderr
            assert "geheim" not in result.stdout + result.stderr
            return [each["outcome"] for each in json.loads(result.stdout)]

        assert outcomes("--dry-run") == ["ready", "failed"]
        assert outcomes() == ["added", "failed"]
        assert outcomes() == ["there", "failed"]
