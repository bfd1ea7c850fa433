"""``watchglass user`` on a folder that was set up: who may do what, and the way back in."""

import io
import json
from pathlib import Path

import pytest

from watchglass.access.directory import Directory
from watchglass.access.right import Action, Role
from watchglass.access.users import Users
from watchglass.app.cli.program import run
from watchglass.app.ground import Ground, open_store
from watchglass.app.layout import Layout
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, VolumeId
from watchglass.base.secret import Secret
from watchglass.config.settings import Settings
from watchglass.model.camera import StreamAddress
from watchglass.model.stream import StreamName
from watchglass.recording.commitment import TextStore
from watchglass.store.access import AccessStore

PASSWORD = "four words make one"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AccessStore:
    """A site with a camera and its admin."""
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path))
    monkeypatch.setenv("WATCHGLASS_BALLAST_BYTES", "1MiB")
    layout = Layout(tmp_path / "state")
    layout.state.mkdir()
    on = Ground(Settings(tmp_path, tmp_path / "media"), layout, Disk(), SystemClock())
    site = open_store(on)
    site.add_volume(VolumeId("1" * 32), tmp_path / "media")
    address = StreamAddress(StreamName.MAIN, "rtsp://10.0.0.7/")
    site.add_camera("Hall", [address], VolumeId("1" * 32), camera_id=CameraId("c" * 32))
    site.close()
    access = AccessStore(layout.site_db)
    Users(access, SystemClock()).add("admin", Role.ADMIN, Secret(PASSWORD))
    return access


def say(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))


def test_from_nobody_to_somebody_and_back(
    store: AccessStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    users = Users(store, SystemClock())
    say(monkeypatch, PASSWORD)
    assert run(["user", "add", "anna", "--password-stdin"]) == 0
    assert run(["user", "rights", "anna", "--camera", "Hall", "--back", "24h"]) == 0
    anna = users.named("anna")
    (right,) = anna.rights
    assert right.cameras == {"c" * 32}
    assert right.back_s == 86400
    assert right.actions == {Action.LIVE, Action.PLAYBACK}
    assert run(["user", "rights", "anna", "--site", "read_log", "--more"]) == 0
    assert users.named("anna").rights == anna.rights
    capsys.readouterr()
    assert run(["user", "list"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "live, playback: Hall, the last 24 h; read_log" in shown
    assert run(["user", "list", "--json"]) == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["anna"]["rights"][0]["cameras"] == ["c" * 32]
    assert "password" not in str(listed)
    assert run(["user", "role", "anna", "operator"]) == 0
    assert run(["user", "disable", "anna"]) == 0
    assert users.named("anna").disabled
    assert run(["user", "enable", "anna"]) == 0
    before = store.user(anna.id)
    say(monkeypatch, "another four words")
    assert run(["user", "password", "anna", "--password-stdin"]) == 0
    after = store.user(anna.id)
    assert before is not None
    assert after is not None
    assert before.password_hash != after.password_hash
    store.set_totp(anna.id, b"sealed", 5, '["x"]')
    assert run(["user", "second-factor", "anna"]) == 0
    assert not users.named("anna").has_second_factor
    assert run(["user", "group", "doors", "Hall"]) == 0
    assert Directory(store).groups == {"doors": frozenset({"c" * 32})}
    assert run(["user", "rights", "anna", "--group", "doors", "--action", "live"]) == 0
    assert users.named("anna").rights[0].groups == {"doors"}
    assert run(["user", "group", "doors"]) == 0
    assert run(["user", "rights", "anna", "--none"]) == 0
    assert users.named("anna").rights == ()
    assert run(["user", "remove", "anna"]) == 0
    assert [each.name for each in users.all()] == ["admin"]
    told = acts(tmp_path)
    assert {each["what"] for each in told} == {"user_changed"}
    assert [each["detail"] for each in told] == [
        "added anna as viewer", "anna may: live, playback: Hall, the last 24 h; site: nothing",
        "anna may: live, playback: Hall, the last 24 h; site: read_log", "made anna operator",
        "disabled anna", "enabled anna", "set a new password of anna",
        "took the second factor from anna", "group doors: 1 cameras",
        "anna may: live: group doors; site: nothing", "removed group doors",
        "anna may: nothing; site: nothing", "removed anna",
    ]  # fmt: skip
    assert all(each["by"].endswith("(command line)") for each in told)


def acts(data: Path) -> list[dict[str, str]]:
    """What stands in the site's ledger of changes, with the texts beside it."""
    ledger = data / "state" / "ledger" / "site"
    lines = [
        json.loads(line)
        for path in sorted(ledger.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    texts = TextStore(ledger / "texts", Disk())
    return [
        {"what": line["what"], **{of: texts.get(line[of]) or "" for of in ("detail", "by")}}
        for line in lines
        if line["type"] == "acted"
    ]


def test_what_the_log_cannot_have_is_done_and_said(
    store: AccessStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "state" / "ledger").write_text("no folder")
    assert run(["user", "second-factor", "admin"]) == 0
    assert "The log does not have it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["user", "remove", "admin"], ["user", "disable", "admin"],
        ["user", "role", "admin", "viewer"], ["user", "remove", "nobody"],
        ["user", "rights", "admin"], ["user", "rights", "admin", "--camera", "Nowhere"],
        ["user", "add", "x"],
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_a_sentence(
    store: AccessStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:  # fmt: skip
    say(monkeypatch, "")
    assert run(words) != 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert [each.name for each in Users(store, SystemClock()).all()] == ["admin"]


def test_a_password_on_the_command_line_is_no_option(
    store: AccessStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["user", "add", "x", "--password", PASSWORD]) == 2
    assert PASSWORD not in capsys.readouterr().err
