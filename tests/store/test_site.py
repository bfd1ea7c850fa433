"""Cameras, volumes and settings come back as given, and hostile or clashing ones are refused."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.base.secret import Secret
from watchglass.model.camera import (
    Camera,
    CameraState,
    Credentials,
    OnvifAddress,
    StreamAddress,
    Transport,
)
from watchglass.model.mask import BARE, MOST_MASKS
from watchglass.model.statement import Statement
from watchglass.model.stream import StreamName
from watchglass.store.partial import for_postgresql
from watchglass.store.site import SiteStore
from watchglass.store.site_input import clean_name
from watchglass.store.site_tables import TABLES
from watchglass.store.vault import Vault

VOLUME = VolumeId("b" * 32)
MAIN = StreamAddress(StreamName.MAIN, "rtsp://10.0.0.5:554/main?channel=1")
SUB = StreamAddress(StreamName.SUB, "rtsp://10.0.0.5/sub")
SQUARE = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))
LOGIN = Credentials("admin", Secret("hush-hush-hush"))


def opened(folder: Path, clock: SimulatedClock | None = None) -> SiteStore:
    vault = Vault.load_or_create(folder / "keys" / "secrets", Disk())
    return SiteStore(folder / "site.db", vault, clock or SimulatedClock())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteStore]:
    store = opened(tmp_path)
    store.add_volume(VOLUME, tmp_path / "media")
    yield store
    store.close()


def add(site: SiteStore, name: str = "Yard", **more: object) -> Camera:
    return site.add_camera(name, [MAIN], VOLUME, **more)  # type: ignore[arg-type]


def test_a_camera_comes_back_as_given(tmp_path: Path, site: SiteStore) -> None:
    added = site.add_camera(
        "Yard", [SUB, MAIN], VOLUME, credentials=LOGIN, sound=True, retention_h=24
    )
    site.set_state(added.id, CameraState.PAUSED, paused_until_ns=2**62)
    other = opened(tmp_path)
    found = other.camera(added.id)
    other.close()
    assert found == Camera(
        id=added.id,
        name="Yard",
        streams=(MAIN, SUB),
        volume=VOLUME,
        state=CameraState.PAUSED,
        added_ns=SimulatedClock().wall_ns(),
        paused_until_ns=2**62,
        sound=True,
        credentials=LOGIN,
        retention_h=24,
    )
    assert added.streams == (MAIN, SUB)


def test_cameras_are_in_the_order_they_were_added(tmp_path: Path, site: SiteStore) -> None:
    clock = SimulatedClock()
    store = opened(tmp_path, clock)
    for name in ("c", "a", "b"):
        clock.advance(1)
        store.add_camera(name, [MAIN, SUB], VOLUME)
    assert [camera.name for camera in store.cameras()] == ["c", "a", "b"]
    assert all(camera.streams == (MAIN, SUB) for camera in store.cameras())
    store.close()


def test_changes(site: SiteStore) -> None:
    camera = add(site).id
    site.set_sound(camera, True)
    site.set_retention(camera, 5)
    site.rename(camera, "  Gate ")
    site.set_credentials(camera, LOGIN)
    found = site.camera(camera)
    assert (found.sound, found.retention_h, found.name) == (True, 5, "Gate")
    assert found.credentials == LOGIN
    assert site.camera(camera, with_credentials=False).credentials is None
    site.set_state(camera, CameraState.PAUSED, paused_until_ns=7)
    site.set_state(camera, CameraState.ENABLED)
    assert site.camera(camera).paused_until_ns is None
    site.set_credentials(camera, None)
    assert site.camera(camera).credentials is None


def test_states_that_cannot_be(site: SiteStore) -> None:
    camera = add(site).id
    with pytest.raises(UsageError, match="its own command"):
        site.set_state(camera, CameraState.REMOVED)
    with pytest.raises(UsageError, match="Only a pause"):
        site.set_state(camera, CameraState.DISABLED, paused_until_ns=1)
    with pytest.raises(UsageError):
        add(site, "Other", state=CameraState.REMOVED)
    with pytest.raises(UsageError):
        add(site, "Other", camera_id=CameraId("../../etc"))
    with pytest.raises(UsageError, match="is there already"):
        add(site, "Other", camera_id=camera)
    with pytest.raises(NotFoundError, match="add the volume first"):
        site.add_camera("Other", [MAIN], VolumeId("c" * 32))


def test_a_removed_camera_keeps_its_row_and_loses_its_password(
    tmp_path: Path, site: SiteStore
) -> None:
    camera = add(site, credentials=LOGIN).id
    [sealed] = rows(tmp_path, "SELECT sealed_password FROM cameras")
    site.remove_camera(camera)
    assert site.cameras() == ()
    [found] = site.cameras(include_removed=True)
    assert (found.state, found.credentials) == (CameraState.REMOVED, None)
    assert rows(tmp_path, "SELECT user, sealed_password FROM cameras") == [(None, None)]
    changes: list[Callable[[], None]] = [
        lambda: site.set_sound(camera, True),
        lambda: site.set_state(camera, CameraState.ENABLED),
        lambda: site.set_credentials(camera, LOGIN),
        lambda: site.rename(camera, "x"),
        lambda: site.remove_camera(camera),
    ]
    for change in changes:
        with pytest.raises(NotFoundError, match="was removed"):
            change()
    site.close()
    assert sealed[0]
    assert sealed[0] not in (tmp_path / "site.db").read_bytes()


def rows(folder: Path, query: str) -> list[tuple[bytes | None, ...]]:
    connection = sqlite3.connect(folder / "site.db")
    try:
        found = connection.execute(query).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def test_passwords_are_nowhere_in_the_clear(tmp_path: Path, site: SiteStore) -> None:
    add(site, credentials=LOGIN)
    site.close()
    assert b"hush" not in (tmp_path / "site.db").read_bytes()


def test_a_password_moved_to_another_camera_does_not_open(tmp_path: Path, site: SiteStore) -> None:
    one = add(site, "One", credentials=LOGIN).id
    two = add(site, "Two", credentials=Credentials("u", Secret("other"))).id
    rows(
        tmp_path,
        "UPDATE cameras SET sealed_password = "
        f"(SELECT sealed_password FROM cameras WHERE id = '{one}') WHERE id = '{two}'",
    )
    with pytest.raises(DamagedError, match=two):
        site.camera(two)
    assert site.camera(one).credentials == LOGIN
    with pytest.raises(DamagedError):
        site.cameras()
    assert len(site.cameras(with_credentials=False)) == 2
    assert site.find_camera("Two", with_credentials=False).id == two
    site.set_credentials(two, LOGIN)
    assert len(site.cameras()) == 2


def test_a_lost_key_is_not_replaced_while_passwords_need_it(
    tmp_path: Path, site: SiteStore
) -> None:
    camera = add(site, credentials=LOGIN).id
    (tmp_path / "keys" / "secrets").unlink()
    store = opened(tmp_path)
    with pytest.raises(DamagedError, match="is missing"):
        store.camera(camera)
    with pytest.raises(DamagedError, match=r"passwords of 1 cameras.*erase the passwords first"):
        add(store, "New", credentials=LOGIN)
    assert not (tmp_path / "keys" / "secrets").exists()
    assert store.erase_credentials() == 1
    store.set_credentials(camera, LOGIN)
    assert store.camera(camera).credentials == LOGIN
    store.close()


# --- names and how a camera is found -------------------------------------------------------------


@given(st.text(max_size=120))
def test_a_name_is_kept_clean_or_refused(text: str) -> None:
    with suppress(UsageError):
        name = clean_name(text)
        assert 1 <= len(name) <= 100
        assert name.isprintable()
        assert clean_name(name) == name == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "\u3000",
        "x" * 101,
        "a\nb",
        "a\0b",
        "\x1b[31mred",
        "a\u202eb",
        "a\u200bb",
        "\ud800",
    ],
)
def test_hostile_names(site: SiteStore, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        add(site, name)
    camera = add(site).id
    with pytest.raises(UsageError, match="name"):
        site.rename(camera, name)
    assert site.camera(camera).name == "Yard"


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE cameras; --", "<script>", "入口 大門", "%s {0} $x"]
)
def test_odd_names_are_kept_as_they_are(site: SiteStore, name: str) -> None:
    assert site.camera(add(site, name).id).name == name
    assert site.find_camera(f" {name} ").name == name


def test_two_spellings_are_one_name(site: SiteStore) -> None:
    add(site, "Cafe\u0301")
    assert site.find_camera("Caf\u00e9").name == "Caf\u00e9"
    with pytest.raises(UsageError, match="is there already"):
        add(site, " Caf\u00e9\u00a0")


def test_a_second_active_camera_of_a_name(site: SiteStore) -> None:
    first = add(site).id
    second = add(site, "Gate").id
    with pytest.raises(UsageError, match="'Yard' is there already: choose another name"):
        add(site)
    with pytest.raises(UsageError, match="is there already"):
        site.rename(second, "Yard")
    site.rename(first, "Yard")
    site.remove_camera(first)
    site.rename(second, "Yard")


def test_finding(site: SiteStore) -> None:
    one = add(site, "One", camera_id=CameraId("abcd1" + "0" * 27))
    two = add(site, "Two", camera_id=CameraId("abcd2" + "0" * 27))
    named = add(site, "abcd1", camera_id=CameraId("f" * 32))
    assert site.find_camera(one.id.upper()) == one
    assert site.find_camera("ABCD2") == two
    assert site.find_camera("Two") == two
    with pytest.raises(UsageError, match=r"'One' \(abcd10000000\), 'Two' \(abcd20000000\)"):
        site.find_camera("abcd")
    with pytest.raises(UsageError, match=r"'One'.*'abcd1'"):
        site.find_camera("abcd1")
    assert site.find_camera("ffff") == named
    for unknown in ("abc", "two", "", "%", "____", "x" * 5000, "\x1b[2J\ud800"):
        with pytest.raises(NotFoundError, match="camera list") as caught:
            site.find_camera(unknown)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300
    site.remove_camera(two.id)
    with pytest.raises(NotFoundError):
        site.find_camera("Two")
    with pytest.raises(NotFoundError):
        site.camera(CameraId("nobody"))


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:hush@10.0.0.5/",
        "rtsp://admin@10.0.0.5/",
        "rtsp://admin:hu/sh@10.0.0.5/",
        "rtsp://10.0.0.5:99999/",
        "rtsp://[::1/",
        "rtsp://10.0.0.5/\nhush",
    ],
)
def test_addresses_with_secrets_or_nonsense(site: SiteStore, url: str) -> None:
    with pytest.raises(UsageError, match="main stream cannot be used") as caught:
        site.add_camera("Yard", [StreamAddress(StreamName.MAIN, url)], VOLUME)
    assert "hush" not in str(caught.value)
    assert site.cameras() == ()


def test_streams_that_cannot_be(site: SiteStore) -> None:
    for streams in ([], [SUB], [MAIN, MAIN]):
        with pytest.raises(UsageError, match="one main stream"):
            site.add_camera("Yard", streams, VOLUME)
    with pytest.raises(UsageError, match="user name"):
        add(site, credentials=Credentials("a\r\nb", Secret("x")))


# --- volumes and settings ------------------------------------------------------------------------


def test_volumes(tmp_path: Path, site: SiteStore) -> None:
    [first] = site.volumes()
    assert (first.id, first.path) == (VOLUME, tmp_path / "media")
    assert site.add_volume(VOLUME, tmp_path / "media") == first
    for volume, path in (
        (VOLUME, tmp_path / "else"),
        (VolumeId("c" * 32), tmp_path / "media"),
        (VolumeId("short"), tmp_path / "else"),
        (VolumeId("c" * 32), Path("relative")),
        (VolumeId("c" * 32), Path("/odd\udcff")),
    ):
        with pytest.raises(UsageError):
            site.add_volume(volume, path)
    assert site.volumes() == (first,)


def test_retention_follows_the_country(site: SiteStore) -> None:
    assert (site.country(), site.default_retention_h()) == (None, 336)
    for stated, kept, hours in (
        ("de", "DE", 72),
        (" no ", "NO", 72),
        ("EL", "GR", 72),
        ("gb", "GB", 336),
        ("CH", "CH", 336),
        (None, None, 336),
    ):
        site.set_country(stated)
        assert (site.country(), site.default_retention_h()) == (kept, hours)
    for wrong in ("", "D", "DEU", "1A", "ÄÖ", "D\n"):
        with pytest.raises(UsageError, match="two letters"):
            site.set_country(wrong)
    site.set_country("FR")
    site.set_default_retention_h(100)
    assert site.default_retention_h() == 100
    site.set_default_retention_h(None)
    assert site.default_retention_h() == 72
    for hours in (0, -1, 10**9):
        with pytest.raises(UsageError, match="Retention"):
            site.set_default_retention_h(hours)
        with pytest.raises(UsageError, match="Retention"):
            add(site, retention_h=hours)
    site.set_setting("retention_h", "soon")
    with pytest.raises(DamagedError, match="soon"):
        site.default_retention_h()


# --- side by side, damaged, elsewhere ------------------------------------------------------------


def test_threads_that_add_the_same_name(site: SiteStore) -> None:
    refused: list[UsageError] = []

    def try_to_add() -> None:
        try:
            add(site)
        except UsageError as error:
            refused.append(error)

    threads = [threading.Thread(target=try_to_add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(site.cameras()), len(refused)) == (1, 5)


WRITER = """
import sys
from pathlib import Path
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import UsageError
from watchglass.base.ids import VolumeId
from watchglass.base.secret import Secret
from watchglass.model.camera import Credentials, StreamAddress
from watchglass.model.mask import BARE, MOST_MASKS
from watchglass.model.stream import StreamName
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault
folder, go = Path(sys.argv[1]), Path(sys.argv[1]) / "go"
vault = Vault.load_or_create(folder / "keys" / "secrets", Disk())
site = SiteStore(folder / "site.db", vault, SystemClock())
print("ready", flush=True)
while not go.exists():
    pass
refused = 0
for number in range(25):
    try:
        site.add_camera(f"camera {number}", [StreamAddress(StreamName.MAIN, "rtsp://h/")],
                        VolumeId("b" * 32), credentials=Credentials("u", Secret(f"p{number}")))
    except UsageError:
        refused += 1
site.close()
print(refused)
"""


@pytest.mark.full
def test_two_processes_that_write_at_once(tmp_path: Path, site: SiteStore) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    refused = [int(writer.communicate(timeout=60)[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    # Every name once, whoever was first; all opened with the one key that was made meanwhile.
    assert sum(refused) == 25
    found = {
        camera.name: camera.credentials.password.reveal()
        for camera in site.cameras()
        if camera.credentials is not None
    }
    assert found == {f"camera {number}": f"p{number}" for number in range(25)}


def test_a_damaged_file_says_what_to_do(tmp_path: Path, site: SiteStore) -> None:
    add(site)
    site.close()
    content = bytearray((tmp_path / "site.db").read_bytes())
    content[4096:] = bytes(reversed(content[4096:]))
    (tmp_path / "site.db").write_bytes(content)
    with pytest.raises(DamagedError, match=r"site\.db is damaged.*from a backup"):
        opened(tmp_path)


@pytest.mark.parametrize("change", ["state = 'asleep'", "id = 'x'"])
def test_content_that_makes_no_sense_is_damage(
    tmp_path: Path, site: SiteStore, change: str
) -> None:
    add(site)
    rows(tmp_path, f"UPDATE cameras SET {change}")
    with pytest.raises(DamagedError, match="is damaged"):
        site.cameras()


def test_tables_are_understood_by_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for_postgresql(TABLES)
    statements = []
    for table in TABLES.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements += [str(CreateIndex(each).compile(dialect=dialect)) for each in table.indexes]
    assert any("WHERE state <> 'removed'" in statement for statement in statements)
    assert any("BIGINT" in statement for statement in statements)


def test_a_database_of_before_volumes_were_drained_is_brought_up(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add_volume(VOLUME, tmp_path / "media")
    camera = add(store)
    store.close()
    with closing(sqlite3.connect(tmp_path / "site.db")) as database:
        database.execute("ALTER TABLE volumes DROP COLUMN draining")
        for column in ("retention_h", "transport", "fingerprint"):
            database.execute(f"ALTER TABLE camera_streams DROP COLUMN {column}")
        for table in ("cameras", "camera_streams"):
            database.execute(f"ALTER TABLE {table} DROP COLUMN events_h")
        database.execute("DROP TABLE camera_onvif")
        database.execute("ALTER TABLE cameras DROP COLUMN erase")
        for column in ("analysis", "priority", "device_no"):
            database.execute(f"ALTER TABLE cameras DROP COLUMN {column}")
        for table in ("camera_statements", "pause_schedules", "camera_devices"):
            database.execute(f"DROP TABLE {table}")
        for table in ("rules", "areas", "masks", "erasures", "holds", "subject_requests"):
            database.execute(f"DROP TABLE {table}")
        database.execute("DROP TABLE restreams")
        database.execute("UPDATE schema_version SET version = 1 WHERE what = 'site'")
        database.commit()
    store = opened(tmp_path)
    assert [each.draining for each in store.volumes()] == [False]
    store.set_retention(camera.id, 5, StreamName.MAIN)
    (stream,) = store.camera(camera.id).streams
    assert (stream.retention_h, stream.transport, stream.fingerprint) == (5, Transport.AUTO, "")
    store.set_retention(camera.id, None, StreamName.MAIN)
    assert store.camera(camera.id).streams[0].retention_h is None
    assert (store.to_be_erased(), store.schedules()) == (frozenset(), {})
    store.set_statement(camera.id, Statement("thefts"))
    assert store.statement(camera.id).purpose == "thefts"
    assert not store.masking(camera.id).hides
    store.draw_mask(camera.id, "window", SQUARE, None, None, "me", "")
    assert store.masking(camera.id).hides
    store.remove_camera(camera.id, erase=True)
    assert store.to_be_erased() == {camera.id}
    store.close()


def test_where_a_camera_is_spoken_to_by_onvif_is_kept(site: SiteStore) -> None:
    told = OnvifAddress("onvif://192.0.2.1:80", "Profile_1", ptz=True, events=False)
    camera = site.add_camera("Gate", [MAIN], VOLUME, onvif=told)
    assert site.camera(camera.id).onvif == told
    assert site.camera(add(site, name="Shed").id).onvif is None
    odd = replace(told, profile="a\nb")
    with pytest.raises(UsageError, match="profile"):
        site.add_camera("Yard", [MAIN], VOLUME, onvif=odd)
    assert {each.name for each in site.cameras()} == {"Gate", "Shed"}


def test_masks_are_kept_and_another_is_another_version(site: SiteStore) -> None:
    camera = add(site).id
    assert site.masking(camera) == BARE
    first = site.draw_mask(camera, "  the\twindow ", SQUARE, None, 9, "me", " not ours ")
    assert (first.name, first.reason, first.polygon) == ("the window", "not ours", SQUARE)
    assert site.masks(camera) == (first,)
    one = site.masking(camera)
    second = site.draw_mask(camera, "door", SQUARE, 5, None, "you", "")
    two = site.masking(camera)
    assert len({BARE.version, one.version, two.version}) == 3
    assert set(two.covers) == {first.cover, second.cover}
    assert site.masked_cameras() == {camera}
    site.end_mask(camera, second.id, 77, "me", "moved")
    assert {each.until_ns for each in site.masks(camera)} == {9, 77}
    site.end_mask(camera, second.id, None, "me", "a mistake")
    assert site.masking(camera) == one
    with pytest.raises(NotFoundError):
        site.end_mask(camera, second.id, None, "me", "again")
    with pytest.raises(UsageError, match="reason"):
        site.end_mask(camera, first.id, None, "me", " ")


def test_a_mask_that_cannot_be_read_is_not_left_out(tmp_path: Path, site: SiteStore) -> None:
    camera = add(site).id
    site.draw_mask(camera, "door", SQUARE, None, None, "you", "")
    with closing(sqlite3.connect(tmp_path / "site.db")) as database:
        database.execute("UPDATE masks SET polygon = '[[0,0],[1,1]]'")
        database.commit()
    with pytest.raises(DamagedError, match="mask"):
        site.masking(camera)


def test_masks_that_cannot_be_are_refused(site: SiteStore) -> None:
    camera = add(site).id
    for name in ("", "\n", "x" * 61):
        with pytest.raises(UsageError, match="name"):
            site.draw_mask(camera, name, SQUARE, None, None, "me", "")
    with pytest.raises(UsageError, match="before it begins"):
        site.draw_mask(camera, "door", SQUARE, 9, 9, "me", "")
    for _ in range(MOST_MASKS):
        site.draw_mask(camera, "door", SQUARE, None, None, "me", "")
    with pytest.raises(RefusedError, match="at most"):
        site.draw_mask(camera, "door", SQUARE, None, None, "me", "")


def test_the_way_and_the_key_of_a_stream_are_kept(site: SiteStore) -> None:
    streams = [
        StreamAddress(
            StreamName.MAIN, "rtsps://192.0.2.1/1", transport=Transport.HTTP, fingerprint="SHA256:a"
        ),
        StreamAddress(StreamName.SUB, "rtsp://192.0.2.1/2", transport=Transport.UDP),
    ]
    camera = site.add_camera("Gate", streams, VOLUME)
    assert site.camera(camera.id).streams == tuple(streams)
    site.trust_key(camera.id, "SHA256:b")
    assert [each.fingerprint for each in site.camera(camera.id).streams] == ["SHA256:b", ""]
    with pytest.raises(UsageError, match="rtsps"):
        site.trust_key(add(site, name="Shed").id, "SHA256:b")


def test_a_volume_is_drained_and_forgotten(tmp_path: Path, site: SiteStore) -> None:
    other = VolumeId("c" * 32)
    camera, gone = add(site), add(site, name="Shed")
    site.remove_camera(gone.id)
    with pytest.raises(UsageError, match="drain it first"):
        site.forget_volume(VOLUME)
    site.add_volume(other, tmp_path / "other")
    site.drain_volume(VOLUME)
    assert [each.draining for each in site.volumes()] == [True, False]
    with pytest.raises(UsageError, match="drain it first"):
        site.forget_volume(VOLUME)
    site.move_camera(camera.id, other)
    site.forget_volume(VOLUME)
    assert [each.id for each in site.volumes()] == [other]
    assert {each.volume for each in site.cameras(include_removed=True)} == {other}
