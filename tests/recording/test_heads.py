"""Keys, heads and their chain: signing, links, thinning, forgeries."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.errors import ConfigError, DamagedError
from watchglass.base.ids import RunId
from watchglass.model.stream import StreamName
from watchglass.recording.canonical import canonical_line
from watchglass.recording.heads import (
    NO_HEAD,
    HeadChain,
    OpenFile,
    parse_head,
    read_heads,
    signed_bytes,
    verify_chain,
)
from watchglass.recording.keys import SigningKey, key_id_of, verify_signature

MINUTE_NS = 60 * NS_PER_S
HOUR_NS = 60 * MINUTE_NS
START_NS = 1_774_994_400 * NS_PER_S  # 2026-03-31T22:00:00Z
KEY = SigningKey(bytes(range(32)))
KEYS = {KEY.key_id: KEY.public_hex}
ROOT = bytes(32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "heads"


def chain(folder: Path) -> HeadChain:
    return HeadChain(folder, Disk(), "c0" * 16, "e0" * 16)


def sign_at(made: HeadChain, *times_ns: int) -> list[bytes]:
    return [made.sign(KEY, t_ns, index, ROOT, []) for index, t_ns in enumerate(times_ns)]


# --- keys ---------------------------------------------------------------------------------------


def test_a_key_is_made_once(tmp_path: Path) -> None:
    made = SigningKey.load_or_create(tmp_path / "keys", Disk())
    path = tmp_path / "keys" / "signing.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(path.read_bytes()) == 32
    again = SigningKey.load_or_create(tmp_path / "keys", Disk())
    assert (again.key_id, again.public_hex) == (made.key_id, made.public_hex)
    assert made.key_id == key_id_of(made.public_hex)
    assert path.read_bytes().hex() not in repr(made)


def test_a_broken_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_bytes(b"short")
    with pytest.raises(DamagedError, match="backup"):
        SigningKey.load_or_create(tmp_path, Disk())
    assert (tmp_path / "signing.key").read_bytes() == b"short"


def test_known_signature() -> None:
    """RFC 8032, 7.1, test 2."""
    key = SigningKey(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert key.public_hex == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("sig", ["", "zz", "00" * 64, "00" * 63])
def test_what_is_no_signature(sig: str) -> None:
    assert not verify_signature(KEY.public_hex, b"data", sig)
    assert verify_signature(KEY.public_hex, b"data", KEY.sign(b"data").hex())
    assert not verify_signature("00", b"data", KEY.sign(b"data").hex())


# --- the chain ----------------------------------------------------------------------------------


def test_a_head_line(folder: Path) -> None:
    files = [
        OpenFile(RunId("b2" * 16), StreamName.SUB, 0, 4, bytes([2]) * 32),
        OpenFile(RunId("b1" * 16), StreamName.MAIN, 12, 9, bytes([1]) * 32),
    ]
    raw = chain(folder).sign(KEY, START_NS, 17, b"\x0f" * 32, files)
    assert (folder / "2026-03.jsonl").read_bytes() == raw + b"\n"
    fields = json.loads(raw)
    sig = fields.pop("sig")
    assert fields == {
        "v": 1,
        "ledger": "c0" * 16,
        "epoch": "e0" * 16,
        "t": str(START_NS),
        "size": "17",
        "root": "0f" * 32,
        "open": [
            {"run": "b1" * 16, "stream": "main", "sequence": 12, "fragments": 9, "root": "01" * 32},
            {"run": "b2" * 16, "stream": "sub", "sequence": 0, "fragments": 4, "root": "02" * 32},
        ],
        "prev": NO_HEAD,
        "hour": NO_HEAD,
        "key": KEY.key_id,
    }
    assert signed_bytes(raw) == b"watchglass.head.v1\n" + canonical_line(fields)
    assert verify_signature(KEY.public_hex, signed_bytes(raw), sig)
    assert parse_head(raw).open == tuple(reversed(files))


def test_heads_name_the_one_before_and_the_hour(folder: Path) -> None:
    raws = sign_at(
        chain(folder), *(START_NS + minutes * MINUTE_NS for minutes in (0, 1, 59, 60, 61))
    )
    hashes = [hashlib.sha256(raw).hexdigest() for raw in raws]
    heads = read_heads(folder)
    assert [head.prev for head in heads] == [NO_HEAD, *hashes[:-1]]
    assert [head.hour for head in heads] == [NO_HEAD, hashes[0], hashes[0], hashes[0], hashes[3]]
    assert verify_chain(folder, KEYS) == []


@given(st.lists(st.integers(-90, 200), min_size=1, max_size=25), st.integers(0, 25))
def test_a_chain_goes_on_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, steps_min: list[int], restart: int
) -> None:
    through, stopped = tmp_path_factory.mktemp("a"), tmp_path_factory.mktemp("b")
    one, other = chain(through), chain(stopped)
    t_ns = START_NS
    for index, step in enumerate(steps_min):
        if index == restart:
            other.close()
            other = chain(stopped)
        t_ns += step * MINUTE_NS
        assert one.sign(KEY, t_ns, index, ROOT, []) == other.sign(KEY, t_ns, index, ROOT, [])
    one.close()
    other.close()
    assert verify_chain(stopped, KEYS) == []


def test_a_torn_head_is_cut(folder: Path) -> None:
    sign_at(chain(folder), START_NS, START_NS + MINUTE_NS)
    path = folder / "2026-03.jsonl"
    data = path.read_bytes()
    first_end = data.index(b"\n") + 1
    for length in (len(data) - 1, first_end + 1, first_end):
        path.write_bytes(data[:length])
        assert verify_chain(folder, KEYS) == []
        made = chain(folder)
        assert path.read_bytes() == data[:first_end]
        made.close()
    made = chain(folder)
    assert made.sign(KEY, START_NS + MINUTE_NS, 1, ROOT, []) + b"\n" == data[first_end:]


def test_a_head_that_cannot_be_read_stops_the_chain(folder: Path) -> None:
    sign_at(chain(folder), START_NS, START_NS + MINUTE_NS)
    path = folder / "2026-03.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"size"', b'"sise"', 1))
    with pytest.raises(DamagedError, match=r"2026-03\.jsonl:1"):
        chain(folder)
    assert "2026-03.jsonl:1" in verify_chain(folder, KEYS)[0]


# --- thinning -----------------------------------------------------------------------------------


def test_old_heads_are_thinned_to_one_an_hour(folder: Path) -> None:
    made = chain(folder)
    times = [START_NS + minutes * MINUTE_NS for minutes in range(0, 60 * 60, 10)]
    sign_at(made, *times)
    now_ns = times[-1] + MINUTE_NS
    gone = made.thin(now_ns)
    heads = read_heads(folder)
    old = [head for head in heads if head.t < now_ns - 48 * HOUR_NS]
    assert [head.t for head in old] == [START_NS + hour * HOUR_NS for hour in range(12)]
    assert gone == len(times) - len(heads)
    assert len(heads) - len(old) == sum(t >= now_ns - 48 * HOUR_NS for t in times)
    assert verify_chain(folder, KEYS) == []
    assert made.thin(now_ns) == 0
    made.sign(KEY, now_ns, 1000, ROOT, [])
    assert verify_chain(folder, KEYS) == []
    assert chain(folder).thin(now_ns + 100 * HOUR_NS) > 0
    assert verify_chain(folder, KEYS) == []


@given(
    st.lists(st.integers(-30, 150), min_size=1, max_size=60),
    st.lists(st.integers(0, 200), max_size=4),
)
def test_the_chain_stays_whole_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, steps_min: list[int], thin_after_h: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("heads")
    made = chain(folder)
    t_ns = START_NS
    for index, step in enumerate(steps_min):
        t_ns += step * MINUTE_NS
        made.sign(KEY, t_ns, index, ROOT, [])
        if index % 9 == 8 and thin_after_h:
            made.thin(t_ns + thin_after_h.pop() * HOUR_NS)
    for after in thin_after_h:
        made.thin(t_ns + after * HOUR_NS)
        made.close()
        made = chain(folder)
    assert verify_chain(folder, KEYS) == []
    assert read_heads(folder)[-1].size == len(steps_min) - 1
    made.sign(KEY, t_ns, len(steps_min), ROOT, [])
    made.close()
    assert verify_chain(folder, KEYS) == []


# --- forgeries ----------------------------------------------------------------------------------


def forged(folder: Path, changes: dict[str, object], drop: int | None = None) -> list[str]:
    """Findings after the second of five heads was changed, or one was dropped."""
    times = [START_NS + minutes * MINUTE_NS for minutes in (0, 1, 60, 61, 62)]
    sign_at(chain(folder), *times)
    path = folder / "2026-03.jsonl"
    lines = path.read_bytes().splitlines()
    if drop is not None:
        del lines[drop]
    if changes:
        lines[1] = canonical_line({**json.loads(lines[1]), **changes})
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return verify_chain(folder, KEYS)


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"size": "9"}, "signature is not valid"),
        ({"sig": "00" * 64}, "signature is not valid"),
        ({"key": "0" * 16}, "is not known"),
        ({"prev": NO_HEAD}, "signature is not valid"),
        ({"hour": NO_HEAD}, "hour head"),
        ({"ledger": "site"}, "another ledger"),
    ],
)
def test_a_changed_head_is_found(folder: Path, changes: dict[str, object], finding: str) -> None:
    assert any(finding in found for found in forged(folder, changes))


@pytest.mark.parametrize("drop", [0, 2, 3])
def test_a_dropped_head_is_found(folder: Path, drop: int) -> None:
    if drop == 3:  # between an hour head and the next: what thinning does
        assert forged(folder, {}, drop) == []
    else:
        assert forged(folder, {}, drop) != []


def test_a_ledger_that_shrank_is_found(folder: Path) -> None:
    made = chain(folder)
    made.sign(KEY, START_NS, 9, ROOT, [])
    made.sign(KEY, START_NS + MINUTE_NS, 8, ROOT, [])
    assert any("shorter" in finding for finding in verify_chain(folder, KEYS))


def test_a_newer_head_is_not_taken_for_a_torn_one(folder: Path) -> None:
    raw = chain(folder).sign(KEY, START_NS, 1, ROOT, [])
    with pytest.raises(ConfigError, match="newer Watchglass"):
        parse_head(json.dumps({**json.loads(raw), "v": 2}).encode())


def test_no_heads_no_findings(folder: Path) -> None:
    assert verify_chain(folder, KEYS) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"open": 5},
        {"open": [5]},
        {"open": [{"run": "b1", "stream": "main", "sequence": "1", "fragments": 1, "root": ""}]},
        {"open": [{"run": "b1", "stream": "side", "sequence": 1, "fragments": 1, "root": ""}]},
        {"open": [{"run": "b1", "stream": "main", "sequence": 1, "fragments": 1, "root": "z"}]},
        {"open": [{"run": 5, "stream": "main", "sequence": 1, "fragments": 1, "root": ""}]},
        {"t": 5},
        {"sig": None},
    ],
)
def test_what_is_no_head(folder: Path, changes: dict[str, object]) -> None:
    raw = chain(folder).sign(KEY, START_NS, 0, ROOT, [])
    with pytest.raises(DamagedError):
        parse_head(json.dumps({**json.loads(raw), **changes}).encode())
