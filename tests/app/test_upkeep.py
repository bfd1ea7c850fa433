"""What falls due is done, and to look for it costs nothing while nobody writes anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from watchglass.app.ground import ground
from watchglass.app.page_certificate import PageInNetwork
from watchglass.app.supervisor import Supervisor
from watchglass.app.upkeep import Upkeep
from watchglass.app.ways import Ways
from watchglass.app.wiring import own_site
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import HoldId, random_id
from watchglass.config.settings import read_settings
from watchglass.model.control import AddCameraRequest, HoldRequest
from watchglass.model.egress import EgressRead, EgressSource, PeerContact
from watchglass.model.notice import NoticeKind
from watchglass.model.stream import StreamName
from watchglass.store.egress import EgressStore

CONTACT = PeerContact(
    mac="44:19:b6:00:00:04", address="10.0.0.4", peer="9.9.9.9", name="", port=80, protocol="tcp",
    source=EgressSource.CONNTRACK, sent_bytes=9, received_bytes=9, times=1, refused=0,
    first_ns=1, last_ns=1,
)  # fmt: skip


@contextmanager
def asked() -> Iterator[list[str]]:
    """Statements that any database is asked, and connections that are opened."""
    found: list[str] = []

    def statement(_a: object, _b: object, text: str, *_rest: object) -> None:
        found.append(text)

    def opened(*_: object) -> None:
        found.append("connect")

    event.listen(sa.Engine, "before_cursor_execute", statement)
    event.listen(sa.Pool, "connect", opened)
    try:
        yield found
    finally:
        event.remove(sa.Engine, "before_cursor_execute", statement)
        event.remove(sa.Pool, "connect", opened)


def test_a_look_asks_only_after_somebody_wrote(tmp_path: Path) -> None:
    on = ground(read_settings({"data": tmp_path / "data"}))
    said: list[tuple[NoticeKind, str]] = []
    with own_site(on) as site:
        streams = ((StreamName.MAIN, "rtsp://192.0.2.1/m"),)
        camera = site.add_camera(AddCameraRequest("Yard", streams, "", "", "", "me"))
        supervisor = Supervisor(
            on.settings, Ways(on.layout), [], lambda: pytest.fail("not started"), on.clock
        )
        upkeep = Upkeep(
            on, site, supervisor, PageInNetwork(on), lambda *told: said.append(told), []
        )
        upkeep.look()

        def quiet() -> None:
            with asked() as statements:
                for _ in range(3):
                    upkeep.look()
            assert statements == []

        quiet()
        others = EgressStore(on.layout.site_db)
        others.add(EgressRead(contacts=(CONTACT,), names=(), records=1, others=0, unknown=0))
        others.close()
        upkeep.look()
        ((kind, sentence),) = said
        assert kind is NoticeKind.CAMERA_CONTACT
        assert "9.9.9.9" in sentence
        # What is marked as told is a commit, too.
        upkeep.look()
        quiet()
        until_ns = on.clock.wall_ns() + NS_PER_S // 4
        site.carry_out(HoldRequest(camera, HoldId(random_id()), 1, 2, "me", "why", until_ns))
        upkeep.look()
        sleep(0.3)
        upkeep.look()
        assert site.store.hold_notes() == {}
        upkeep.look()
        quiet()
        upkeep.close()
    assert len(said) == 1
