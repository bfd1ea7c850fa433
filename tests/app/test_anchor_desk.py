"""Heads stamped by a real authority (openssl, over HTTP): asked by the fenced process, kept,
waiting while it is away."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evidence.authority import OpensslAuthority, Served
from tests.evidence.site_making import ExportedSite
from watchglass.app.anchor_desk import AnchorDesk
from watchglass.base.clock import SystemClock
from watchglass.base.errors import NotFoundError
from watchglass.evidence.stamps import AnchorShelf
from watchglass.evidence.verify import check_bundle, verdict
from watchglass.model.act import Act, ActKind
from watchglass.model.stamping import Authority

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    return OpensslAuthority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def served(authority: OpensslAuthority) -> Iterator[Served]:
    with authority.served() as made:
        yield made


def until(what: "object") -> None:
    assert callable(what)
    for _ in range(600):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_it_is_asked_waited_for_and_kept(
    authority: OpensslAuthority, served: Served, tmp_path: Path
) -> None:
    site = ExportedSite(tmp_path)
    start = site.now_ns
    site.record(8)
    site.sign_heads()
    on = replace(site.on, clock=SystemClock())
    shelf = AnchorShelf(on.layout.anchors, on.disk)
    noted: list[Act] = []
    desk = AnchorDesk(on, noted.append)
    try:
        with pytest.raises(NotFoundError):
            desk.now()
        assert desk.samples() == []
        assert desk.children == (), "who set up nothing has no process that reaches out"
        served.down = True
        shelf.add(Authority("vienna", served.url, allow=True), authority.root)
        desk.start()
        told = desk.now()
        assert told.authorities[0].error == "The server answers 503."
        assert told.authorities[0].waiting >= 1
        served.down = False
        told = desk.now()
        assert told.authorities[0].by == "A clock in Vienna"
        assert told.authorities[0].root == authority.fingerprint
        until(lambda: shelf.statuses()[0].waiting == 0)
        assert {each.kind for each in noted} == {ActKind.STAMPED}
        names = {sample.metric for sample in desk.samples()}
        assert "watchglass_anchor_age_seconds" in names
        assert desk.child.fence is not None
        asked = len(served.asked)
        assert asked == len(shelf.documents()) + 1, "nothing is asked that is not due"
    finally:
        desk.close()
    bundle = site.export(start, site.now_ns)
    check = check_bundle(
        str(bundle.path), bundle.made.fingerprint, authorities={authority.fingerprint}
    )
    assert set(verdict(check).values()) == {"yes"}, check.findings


def test_one_that_is_not_let_in_is_never_reached(
    authority: OpensslAuthority, served: Served, tmp_path: Path
) -> None:
    site = ExportedSite(tmp_path)
    site.record(3)
    site.sign_heads()
    on = replace(site.on, clock=SystemClock())
    shelf = AnchorShelf(on.layout.anchors, on.disk)
    shelf.add(Authority("vienna", served.url), b"")
    desk = AnchorDesk(on)
    try:
        desk.start()
        (status,) = desk.now().authorities
        assert "let in by name" in status.error
        assert served.asked == []
    finally:
        desk.close()


def test_it_is_kept_to_the_one_host() -> None:
    """Whatever else in the process wants to connect, by an address that would be allowed."""
    script = """
import socket
from watchglass.app.going_out import Guard
Guard.stand()
Guard.let_in(["127.0.0.1", "127.0.0.2"])
for host, to in (("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.2"), ("", "127.0.0.1")):
    Guard.keep_to(host)
    try:
        socket.create_connection((to, 9), 1)
    except OSError as error:
        print(type(error).__name__)
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert told.stdout.split() == ["ConnectionRefusedError", "PermissionError", "PermissionError"]
