"""What sends notices, against a real mail server (Debian's aiosmtpd) and a real HTTP server."""

import email
import email.policy
import hashlib
import hmac
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import msgspec
import pytest

from tests.app.running import free_port
from tests.media.certificates import make_certificate
from watchglass.app.going_out import too_late
from watchglass.app.notice_process import sent
from watchglass.base.clock import NS_PER_S
from watchglass.events.message import SIGNATURE
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.notice import NoticeKind
from watchglass.model.notice_way import MailSettings, MailTls, WaySettings, WebhookSettings
from watchglass.model.sending import Send

SERVER = Path(__file__).with_name("mail_server.py")
HERE = ("127.0.0.1", "localhost")
LETTER = Letter(
    event=LetterEvent.OPENED, kind=NoticeKind.CAMERA_OFFLINE, id="a" * 32, about="b" * 32,
    subject="Hall is not recorded.", text="Hall is not recorded.", at_ns=0,
)  # fmt: skip
AT_NS = 1_800_000_000 * NS_PER_S
NUMBERS = count(1)


def sending(
    settings: WaySettings, secret: str = "", letter: Letter = LETTER,
    allow: tuple[str, ...] = HERE, timeout_s: float = 5.0, picture: bytes | None = None,
) -> Send:  # fmt: skip
    return Send(next(NUMBERS), settings, secret, letter, picture, 0, AT_NS, allow, timeout_s)


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    import signal

    before = signal.signal(signal.SIGALRM, too_late)
    yield
    signal.signal(signal.SIGALRM, before)


# --- webhook --------------------------------------------------------------------------------------


@dataclass
class Hook:
    """A server that takes webhooks, and answers as it is told."""

    port: int = 0
    status: int = 200
    waits_s: float = 0
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", path: str = "/hook?of=1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    made = Hook()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.append((self.path, dict(self.headers), body))
            time.sleep(made.waits_s)
            self.send_response(made.status)
            if made.status == 302:
                self.send_header("Location", made.url(path="/elsewhere"))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def fresh(hook: Hook) -> None:
    hook.status, hook.waits_s = 200, 0
    hook.asked.clear()


def post(url: str, allow: tuple[str, ...] = HERE, timeout_s: float = 5.0) -> str:
    return sent(sending(WebhookSettings(url), "s3cret", allow=allow, timeout_s=timeout_s))


def test_a_webhook_is_signed_so_that_its_receiver_can_check_it(hook: Hook) -> None:
    assert post(hook.url()) == ""
    ((path, headers, body),) = hook.asked
    assert path == "/hook?of=1"
    assert headers["Content-Type"] == "application/json"
    stamp, _, made = headers[SIGNATURE].partition(",")
    signed = stamp.removeprefix("t=").encode() + b"." + body
    assert made == "v1=" + hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["event"], told["kind"]) == ("opened", "camera_offline")
    assert told["at"] == "1970-01-01T00:00:00Z"


def test_what_a_server_answers_is_told_and_no_redirect_followed(hook: Hook) -> None:
    hook.status = 500
    assert post(hook.url()) == "The server answers 500."
    hook.status = 302
    assert "redirect" in post(hook.url())
    assert [path for path, _, _ in hook.asked] == ["/hook?of=1"] * 2
    hook.status, hook.waits_s = 200, 1.0
    assert "within 0.2 s" in post(hook.url(), timeout_s=0.2)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "169.254.169.254",
        "2130706433",
    ],
)  # fmt: skip
def test_nothing_is_sent_to_this_machine_unless_it_is_let_in_by_name(hook: Hook, host: str) -> None:
    refused = post(hook.url(host), allow=())
    assert "let in by name" in refused or "is not known" in refused
    assert "let in by name" in post(hook.url(host), allow=("example.org",)) or "known" in refused
    assert hook.asked == []


def test_a_server_that_is_not_there_or_speaks_otherwise(hook: Hook) -> None:
    assert "cannot be reached" in post(f"http://127.0.0.1:{free_port()}/")
    assert "not known" in post("http://no-such-host.invalid/")
    assert "certificate or encryption" in post(hook.url().replace("http:", "https:"))


# --- mail -----------------------------------------------------------------------------------------


@dataclass
class Post:
    """A mail server and what it took."""

    port: int
    folder: Path

    def taken(self) -> list[EmailMessage]:
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: int(path.stem))
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in paths
        ]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    make_certificate(path, "DNS:localhost")
    return path


def serving(folder: Path, *more: str) -> Iterator[Post]:
    has = ["/usr/bin/python3", "-c", "import aiosmtpd"]
    if subprocess.run(has, capture_output=True, check=False).returncode:
        pytest.skip("no aiosmtpd: 'apt-get install python3-aiosmtpd' on Debian and Ubuntu")
    port = free_port()
    with subprocess.Popen(
        ["/usr/bin/python3", str(SERVER), str(port), str(folder), *more], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield Post(port, folder)
        process.kill()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    yield from serving(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module", params=[MailTls.STARTTLS, MailTls.TLS])
def secure(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: Path
) -> Iterator[tuple[Post, MailTls]]:
    tls: MailTls = request.param
    for post in serving(tmp_path_factory.mktemp(tls.value), str(certificate), tls.value):
        yield post, tls


def send(
    port: int, tls: MailTls, user: str = "", password: str = "", to: str = "guard@example.org",
    host: str = "localhost", subject: str = "Hall is not recorded.", timeout_s: float = 10.0,
    picture: bytes | None = None,
) -> str:  # fmt: skip
    settings = MailSettings(host, port, tls, "recorder@example.org", (to, "desk@example.org"), user)
    letter = msgspec.structs.replace(LETTER, subject=subject, text="Flur: keine Bilder.\n. \nÜber.")
    return sent(sending(settings, password, letter, timeout_s=timeout_s, picture=picture))


@pytest.mark.full
def test_a_mail_is_taken_as_it_was_written(plain: Post) -> None:
    assert send(plain.port, MailTls.NONE, subject="Flur\r\nBcc: all@example.org ü") == ""
    taken = plain.taken()[-1]
    assert taken["X-To"] == "guard@example.org,desk@example.org"
    assert taken["Subject"] == "Watchglass: Flur  Bcc: all@example.org ü"
    assert taken["Bcc"] is None
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken.get_content().replace("\r\n", "\n") == (
        "Flur: keine Bilder.\n. \nÜber.\n\nSince 1970-01-01 00:00:00 UTC.\n"
    )
    assert send(plain.port, MailTls.NONE, picture=b"\xff\xd8\xff\xd9") == ""
    (attached,) = plain.taken()[-1].iter_attachments()
    assert attached.get_content_type() == "image/jpeg"
    assert attached.get_filename() == "19700101T000000Z.jpg"
    assert attached.get_content() == b"\xff\xd8\xff\xd9"
    assert "does not offer" in send(plain.port, MailTls.STARTTLS)
    count = len(plain.taken())
    assert "addresses" in send(plain.port, MailTls.NONE, to="nobody@example.org") or (
        len(plain.taken()) == count + 1  # the other address had it
    )


@pytest.mark.full
def test_a_password_goes_encrypted_to_the_server_that_it_is_for(
    secure: tuple[Post, MailTls], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, tls = secure
    # Its certificate is made by itself: nobody is told the password.
    assert "certificate" in send(post.port, tls, "post", "sesame 1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert "certificate" in send(post.port, tls, "post", "sesame 1", host="127.0.0.1")
    assert post.taken() == []
    refused = send(post.port, tls, "post", "wrong")
    assert refused == "The mail server refuses user name or password."
    assert send(post.port, tls, "post", "sesame 1") == ""
    assert len(post.taken()) == 1


def test_a_mail_server_that_is_not_there_or_speaks_otherwise(hook: Hook) -> None:
    assert "cannot be reached" in send(free_port(), MailTls.NONE)
    said = send(hook.port, MailTls.NONE, timeout_s=1.0)
    assert "SMTP" in said or "within" in said or "as it should" in said
