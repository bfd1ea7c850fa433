"""Settings come from the environment, and one that cannot be says which and why."""

import dataclasses
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.errors import ConfigError
from watchglass.base.fence import FenceMode
from watchglass.base.secret import Secret
from watchglass.config import settings as module
from watchglass.config.settings import MIB, LogLevel, Settings, read_settings

Environment = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def bare(monkeypatch: Environment, tmp_path: Path) -> None:
    """No settings of whoever runs the tests, and a home of their own."""
    for each in dataclasses.fields(Settings):
        monkeypatch.delenv(f"WATCHGLASS_{each.name.upper()}", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "_SYSTEM_DATA", tmp_path / "no" / "system")


def test_defaults(tmp_path: Path) -> None:
    data = tmp_path / "home" / ".local" / "share" / "watchglass"
    assert read_settings() == Settings(
        data=data,
        media=data / "media",
        log_level=LogLevel.INFO,
        log_json=False,
        allow=frozenset(),
        fragment_ms=400,
        file_s=300,
        sync_ms=1000,
        head_s=60,
        port=8420,
        cameras_per_worker=8,
        queue_bytes=16 * MIB,
        floor_bytes=1024 * MIB,
        ballast_bytes=64 * MIB,
    )
    assert read_settings().state == data / "state"


def test_every_setting_is_read(monkeypatch: Environment, tmp_path: Path) -> None:
    stated = {
        "DATA": f"{tmp_path}/d/../data/",
        "MEDIA": str(tmp_path / "disk"),
        "SOURCES": str(tmp_path / "clips"),
        "MODELS_DIR": str(tmp_path / "models"),
        "MODEL": " yolox_nano ",
        "ANALYSIS": "false",
        "LOG_LEVEL": "Debug",
        "LOG_JSON": "true",
        "FENCES": "Require",
        "ALLOW": " localhost, [::1],127.0.0.1 ,Camera.Local.,",
        "FRAGMENT_MS": "500",
        "FILE_S": "60",
        "SYNC_MS": "2000",
        "HEAD_S": "30",
        "PORT": "8421",
        "CAMERAS_PER_WORKER": "4",
        "QUEUE_BYTES": "32MiB",
        "FLOOR_BYTES": "2GiB",
        "BALLAST_BYTES": "1048576",
        "PING_URL": "https://example.org/ping/7?x=1",
        "PING_S": "30",
        "STUCK_S": "10",
        "PAGE": "true",
        "LAN": "true",
        "HOSTS": "Recorder.Local, 192.0.2.7",
        "EGRESS_SYSLOG": "5514, [::1]:514,5514",
        "EGRESS_FLOWS": "192.0.2.7:4739",
        "CERTIFICATE": f"{tmp_path}/d/../own.pem",
        "CERTIFICATE_KEY": str(tmp_path / "own.key"),
    }
    assert set(stated) == {each.name.upper() for each in dataclasses.fields(Settings)}
    for name, value in stated.items():
        monkeypatch.setenv(f"WATCHGLASS_{name}", value)
    assert read_settings() == Settings(
        data=tmp_path / "data",
        media=tmp_path / "disk",
        sources=tmp_path / "clips",
        models_dir=tmp_path / "models",
        model="yolox_nano",
        analysis=False,
        log_level=LogLevel.DEBUG,
        log_json=True,
        fences=FenceMode.REQUIRE,
        allow=frozenset({"localhost", "::1", "127.0.0.1", "camera.local"}),
        fragment_ms=500,
        file_s=60,
        sync_ms=2000,
        head_s=30,
        port=8421,
        cameras_per_worker=4,
        queue_bytes=32 * MIB,
        floor_bytes=2048 * MIB,
        ballast_bytes=MIB,
        ping_url=Secret("https://example.org/ping/7?x=1"),
        ping_s=30,
        stuck_s=10,
        page=True,
        lan=True,
        hosts=frozenset({"recorder.local", "192.0.2.7"}),
        egress_syslog=(("127.0.0.1", 5514), ("::1", 514)),
        egress_flows=(("192.0.2.7", 4739),),
        certificate=tmp_path / "own.pem",
        certificate_key=tmp_path / "own.key",
    )
    assert "example" not in repr(read_settings())
    assert type(read_settings().queue_bytes) is int


def test_a_page_is_in_the_network_or_nowhere(monkeypatch: Environment) -> None:
    monkeypatch.setenv("WATCHGLASS_PAGE", "false")
    assert not read_settings().page
    monkeypatch.setenv("WATCHGLASS_LAN", "true")
    with pytest.raises(ConfigError, match="WATCHGLASS_PAGE for none"):
        read_settings()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/s3cret", "example.org/s3cret", "https://", "https:///s3cret",
        "http://user:s3cret@example.org/", "http://example.org/s3cret x", "http://[::1/s3cret",
        "http://example.org:99999/s3cret", "http://example.org/s3cret#x", "http://exämple.org/",
        "http://example.org/\r\nHost: s3cret", "file:///etc/s3cret",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_pinged(monkeypatch: Environment, url: str) -> None:
    """What was stated is not repeated: it may be a secret."""
    monkeypatch.setenv("WATCHGLASS_PING_URL", url)
    with pytest.raises(ConfigError, match="PING_URL") as refused:
        read_settings()
    assert "s3cret" not in refused.value.sentence


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_settings().file_s = 1  # type: ignore[misc]


def test_overrides_win_and_none_is_no_override(monkeypatch: Environment, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHGLASS_FILE_S", "60")
    assert read_settings({"file_s": 90, "data": None}).file_s == 90
    assert read_settings({"data": tmp_path}).data == tmp_path
    assert read_settings().file_s == 60
    with pytest.raises(TypeError, match="no such setting: sise"):
        read_settings({"sise": 1})


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("FRAGMENT_MS", "soon", r"cannot be 'soon': it should be a valid integer"),
        ("FRAGMENT_MS", "99", r"cannot be '99': it should be greater than or equal to 100"),
        ("FILE_S", "3601", "less than or equal to 3600"),
        ("QUEUE_BYTES", "16 apples", "cannot be '16 apples'"),
        ("QUEUE_BYTES", "-1", "cannot be '-1'"),
        ("QUEUE_BYTES", "1e400", "cannot be"),
        ("CAMERAS_PER_WORKER", "0", "greater than or equal to 1"),
        ("LOG_JSON", "perhaps", "it should be a valid boolean"),
        ("LOG_LEVEL", "loud", "it is one of debug, info, warning, error"),
        ("ALLOW", "10.0.0.0/8", "without scheme, port or mask"),
        ("ALLOW", "rtsp://h", "without scheme"),
        ("ALLOW", "h:554", "without scheme, port"),
        ("ALLOW", "127.1", "cannot name"),
        ("ALLOW", "0x7f.0x1", "cannot name"),
        ("ALLOW", "2130706433", "cannot name"),
        ("ALLOW", "a b", "cannot name"),
        ("ALLOW", "*", "cannot name"),
        ("DATA", "/a\x1b[2Jb", "cannot be printed"),
        ("DATA", __file__, "not a folder"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    monkeypatch: Environment, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"WATCHGLASS_{name}", value)
    with pytest.raises(ConfigError, match=f"^WATCHGLASS_{name} .*{why}") as caught:
        read_settings()
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert sentence.endswith(".")


def test_of_many_mistakes_the_first_is_told(monkeypatch: Environment) -> None:
    monkeypatch.setenv("WATCHGLASS_FILE_S", "x" * 5000)
    monkeypatch.setenv("WATCHGLASS_HEAD_S", "x")
    with pytest.raises(ConfigError, match="1 more settings are wrong too") as caught:
        read_settings()
    assert len(str(caught.value)) < 250


@pytest.mark.full
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ALLOW", "LOG_LEVEL", "FRAGMENT_MS", "QUEUE_BYTES", "DATA"):
            patch.setenv(f"WATCHGLASS_{name}", text)
            with suppress(ConfigError):
                read_settings()
            patch.delenv(f"WATCHGLASS_{name}")


# --- folders -------------------------------------------------------------------------------------


def test_empty_means_not_set(monkeypatch: Environment) -> None:
    stated = read_settings()
    for name in ("DATA", "MEDIA", "FILE_S", "LOG_LEVEL", "ALLOW"):
        monkeypatch.setenv(f"WATCHGLASS_{name}", "")
    assert read_settings() == stated


def test_xdg_data_home(monkeypatch: Environment, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert read_settings().data == tmp_path / "xdg" / "watchglass"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert read_settings().data == tmp_path / "home/.local/share/watchglass"


def test_the_system_folder_is_for_root_where_it_exists(
    monkeypatch: Environment, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_SYSTEM_DATA", tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert read_settings().data != tmp_path
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert read_settings().data == tmp_path
    monkeypatch.setattr(module, "_SYSTEM_DATA", tmp_path / "missing")
    assert read_settings().data == tmp_path / "home/.local/share/watchglass"


def test_home_and_working_folder(monkeypatch: Environment, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHGLASS_DATA", "~/footage")
    assert read_settings().data == tmp_path / "home/footage"
    monkeypatch.setenv("WATCHGLASS_DATA", "footage")
    assert read_settings().media == tmp_path / "footage/media"
    monkeypatch.setenv("WATCHGLASS_DATA", "~nobody-of-this-name/x")
    with pytest.raises(ConfigError, match="no home folder"):
        read_settings()


@pytest.mark.parametrize(
    "sources",
    [".", "data", "data/state", "data/state/run", "data/media", "data/media/clips", "x/../data"],
)
@pytest.mark.parametrize("by_link", [False, True])
def test_files_to_play_never_lie_with_keys_or_recordings(
    monkeypatch: Environment, tmp_path: Path, sources: str, by_link: bool
) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    named = tmp_path / sources
    if by_link:
        (tmp_path / "link").symlink_to(tmp_path.resolve() / sources)
        named = tmp_path / "link"
    monkeypatch.setenv("WATCHGLASS_SOURCES", str(named))
    with pytest.raises(ConfigError, match=r"WATCHGLASS_SOURCES cannot be .* folder of their own"):
        read_settings()


@pytest.mark.parametrize("sources", ["clips", "data/clips", "data/state-of-clips", "dat"])
def test_files_to_play_beside_them(monkeypatch: Environment, tmp_path: Path, sources: str) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("WATCHGLASS_SOURCES", str(tmp_path / sources))
    assert read_settings().sources == tmp_path / sources


@pytest.mark.parametrize("media", ["state", "state/media", "x/../state"])
def test_media_never_lie_in_the_state_folder(
    monkeypatch: Environment, tmp_path: Path, media: str
) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path))
    monkeypatch.setenv("WATCHGLASS_MEDIA", str(tmp_path / media))
    with pytest.raises(ConfigError, match="inside the state folder"):
        read_settings()


@pytest.mark.full
def test_the_import_does_not_load_pydantic() -> None:
    code = "import sys, watchglass.config.settings; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_whose_name_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="File name too long"):
        read_settings({"data": tmp_path / ("x" * 300)})
