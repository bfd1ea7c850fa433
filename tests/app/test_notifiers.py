"""Every notifier holds what `Notifier` promises: ours against real servers, a plug-in's as its
maker would have it checked, and what apprise may not do it may not do."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.running import wait_until
from tests.app.test_notice_sending import (
    HERE,
    LETTER,
    Hook,
    Post,
    fresh,
    hook,
    plain,
    sending,
    serving,
)  # fmt: skip
from watchglass.app.child import Child
from watchglass.app.going_out import connected
from watchglass.base.clock import SystemClock
from watchglass.base.fence import FenceMode
from watchglass.base.secret import Secret
from watchglass.events.memory_notifier import MemoryKind, MemorySettings
from watchglass.events.notifier_suite import CHECKS, Broken, Rig, parcel
from watchglass.events.notifiers import GROUP, notifier, plugins
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.notice_way import (
    AppriseSettings,
    MailSettings,
    MailTls,
    MqttSettings,
    PluginSettings,
    WebhookSettings,
)  # fmt: skip
from watchglass.model.notifier import NotTakenError
from watchglass.model.sending import Send, SenderStart, Sent

# A library of a library imports it, on Python 3.11 alone.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
__all__ = ["fresh", "hook", "plain", "serving"]
Check = Callable[[Rig], None]


def connect(host: str, port: int):  # type: ignore[no-untyped-def]
    return connected(host, port, HERE, 5.0)


def asked(hook: Hook, word: str) -> int:
    return sum(word.encode() in body for _, _, body in hook.asked)


@pytest.mark.parametrize("check", CHECKS)
def test_the_memory_holds_the_suite(check: Check) -> None:
    kind = MemoryKind()
    check(
        Rig(
            make=lambda: kind.make(MemorySettings(), connect, 1.0),
            taken=lambda word: sum(word in each.letter.subject for each in kind.taken.values()),
            refused=lambda: kind.make(MemorySettings(refuses=True), connect, 1.0),
        )
    )


@pytest.mark.parametrize("check", CHECKS)
def test_the_webhook_holds_the_suite(check: Check, hook: Hook) -> None:
    def made(url: str, status: int = 200):  # type: ignore[no-untyped-def]
        hook.status = status
        return notifier(WebhookSettings(url), Secret("k3y"), connect, 5.0)

    check(
        Rig(
            make=lambda: made(hook.url()),
            taken=lambda word: 0 if hook.status != 200 else asked(hook, word),
            refused=lambda: made(hook.url(), 503),
            absent=lambda: made("http://127.0.0.1:1/"),
            secrets=("k3y",),
        )
    )


@pytest.mark.full
@pytest.mark.parametrize("check", CHECKS)
def test_mail_holds_the_suite(check: Check, plain: Post) -> None:
    def made(port: int, to: str = "guard@example.org"):  # type: ignore[no-untyped-def]
        settings = MailSettings("localhost", port, MailTls.NONE, "a@example.org", (to,))
        return notifier(settings, None, connect, 5.0)

    check(
        Rig(
            make=lambda: made(plain.port),
            taken=lambda word: sum(word in str(each["Subject"]) for each in plain.taken()),
            refused=lambda: made(plain.port, "nobody@example.org"),
            absent=lambda: made(1),
        )
    )


@pytest.mark.parametrize("check", CHECKS)
def test_apprise_holds_the_suite(check: Check, hook: Hook) -> None:
    def made(port: int, status: int = 200):  # type: ignore[no-untyped-def]
        hook.status = status
        address = Secret(f"json://user:s3sam3@127.0.0.1:{port}/hook")
        return notifier(AppriseSettings(), address, connect, 5.0)

    check(
        Rig(
            make=lambda: made(hook.port),
            taken=lambda word: 0 if hook.status != 200 else asked(hook, word),
            refused=lambda: made(hook.port, 503),
            absent=lambda: made(1),
            secrets=("s3sam3",),
        )
    )


def test_a_suite_that_finds_nothing_would_be_none(hook: Hook) -> None:
    class Deaf:
        def send(self, _: object) -> None:
            """Takes it, and loses it."""

        def close(self) -> None:
            """Nothing."""

    def found(check: Check) -> bool:
        try:
            check(Rig(make=Deaf, taken=lambda _: 0, refused=Deaf))
        except Broken:
            return True
        return False

    assert all(map(found, CHECKS))


# --- apprise --------------------------------------------------------------------------------------


def test_apprise_says_what_was_answered_and_nothing_of_the_address(hook: Hook) -> None:
    hook.status = 403
    one = notifier(AppriseSettings(), Secret(f"json://127.0.0.1:{hook.port}/tok3n"), connect, 5.0)
    with pytest.raises(NotTakenError) as told:
        one.send(parcel("x"))
    assert str(told.value) == "The service json:// did not take it (it answers 403)."


def test_of_two_services_the_one_that_took_it_is_not_sent_it_again(hook: Hook) -> None:
    both = Secret(f"json://127.0.0.1:{hook.port}/one\njson://127.0.0.1:1/two")
    for _ in range(2):
        with pytest.raises(NotTakenError, match="The service json:// did not take it"):
            notifier(AppriseSettings(), both, connect, 5.0).send(parcel("twice", number=77))
    assert asked(hook, "twice") == 1


@pytest.mark.parametrize(
    "address",
    [
        "dbus://", "syslog://", "gnome://", "macosx://", "windows://", "glib://", "mqtt://127.0.0.1",
        "mailto://u:p@example.org", "rsyslog://127.0.0.1", "irc://127.0.0.1/x", "kde://",
        "nonsense://x", "file:///etc/passwd", "json://",
    ],
)  # fmt: skip
def test_apprise_has_no_service_that_needs_something_of_this_machine(address: str) -> None:
    one = notifier(AppriseSettings(), Secret(address), connect, 5.0)
    with pytest.raises(NotTakenError, match="no service that notices are sent to"):
        one.send(parcel("x"))


def test_a_redirect_of_a_service_is_not_followed(hook: Hook) -> None:
    hook.status = 302
    address = Secret(f"json://127.0.0.1:{hook.port}/hook?redirect=yes")
    with pytest.raises(NotTakenError, match="did not take"):
        notifier(AppriseSettings(), address, connect, 5.0).send(parcel("x"))
    assert [path.partition("?")[0] for path, _, _ in hook.asked] == ["/hook"]


# --- the process ----------------------------------------------------------------------------------


class Sender:
    """The real process that sends."""

    def __init__(self) -> None:
        self.said: list[Sent] = []
        self.child = Child(
            "notice-sender", "watchglass.app.notice_process",
            lambda _: SenderStart(log_json=True, fences=FenceMode.AUTO), SystemClock(),
            speaks=True, hear=self._hear,
        )  # fmt: skip

    def _hear(self, line: bytes) -> None:
        self.said.append(Sent(json.loads(line)["number"], json.loads(line)["error"]))

    def sent(self, message: Send) -> str:
        count = len(self.said)
        assert self.child.tell(message)
        wait_until(lambda: len(self.said) > count)
        return self.said[-1].error


@pytest.fixture
def sender() -> Iterator[Sender]:
    made = Sender()
    made.child.start()
    yield made
    made.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
    made.child.wait(5.0)


@pytest.mark.full
def test_a_library_is_kept_from_this_machine_as_we_are(sender: Sender, hook: Hook) -> None:
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
        address = f"json://{host}:{hook.port}/x"
        refused = sender.sent(sending(AppriseSettings(), address, allow=()))
        assert "let in by name" in refused or "no service" in refused, (host, refused)
    assert hook.asked == []
    address = f"json://localhost:{hook.port}/x"
    assert sender.sent(sending(AppriseSettings(), address, allow=("localhost",))) == ""
    assert sender.sent(sending(AppriseSettings(), address, picture=b"\xff\xd8\xff\xd9")) == ""
    assert len(hook.asked) == 2
    told = json.loads(hook.asked[-1][2])
    assert told["attachments"][0]["mimetype"] == "image/jpeg"
    # What was let in once is not let in for ever.
    assert "let in by name" in sender.sent(sending(AppriseSettings(), address, allow=()))
    assert len(hook.asked) == 2
    metadata = "json://169.254.169.254/latest"
    assert "let in by name" in sender.sent(sending(AppriseSettings(), metadata, allow=()))


# --- plug-ins -------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A plug-in as a package of its own would bring it."""
    (tmp_path / "filing.py").write_text(
        """
import pathlib, msgspec
from watchglass.model.notifier import NotTakenError

class Settings(msgspec.Struct, forbid_unknown_fields=True):
    folder: str
    token: str

class Filing:
    def __init__(self, settings):
        self.folder = pathlib.Path(settings.folder)
    def send(self, parcel):
        if not self.folder.is_dir():
            raise NotTakenError("The folder is not there.")
        (self.folder / f"{parcel.number}.txt").write_text(parcel.letter.subject)
    def close(self):
        pass

class Kind:
    settings = Settings
    def make(self, settings, connect, timeout_s):
        return Filing(settings)

kind = Kind()
"""
    )
    info = tmp_path / "filing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: filing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nfiling = filing:kind\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "letters"
    folder.mkdir()
    yield folder
    sys.modules.pop("filing", None)


def test_a_plug_in_sends_with_settings_of_its_own(installed: Path) -> None:
    assert plugins() == ["filing"]
    secret = Secret(json.dumps({"folder": str(installed), "token": "s3cret"}))
    for check in CHECKS:
        check(
            Rig(
                make=lambda: notifier(PluginSettings("filing"), secret, connect, 1.0),
                taken=lambda word: sum(word in each.read_text() for each in installed.iterdir()),
                secrets=("s3cret",),
            )
        )
    wrong = Secret(json.dumps({"folder": 5, "token": "s3cret"}))
    with pytest.raises(NotTakenError, match="not what it takes") as told:
        notifier(PluginSettings("filing"), wrong, connect, 1.0)
    assert "s3cret" not in str(told.value)


def test_what_is_not_installed_and_what_is_sent_elsewhere() -> None:
    assert plugins() == []
    with pytest.raises(NotTakenError, match="No plug-in"):
        notifier(PluginSettings("filing"), None, connect, 1.0)
    with pytest.raises(NotTakenError, match="Nothing is sent by this way here"):
        notifier(MqttSettings("h", 1), None, connect, 1.0)
    assert LETTER.picture is None
