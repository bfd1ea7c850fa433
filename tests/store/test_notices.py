"""What an older version left of notices is brought up: what waits is sent all the same."""

import sqlite3
from pathlib import Path

from watchglass.base.disk import Disk
from watchglass.base.secret import Secret
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.notice import NoticeKind, NoticeWay
from watchglass.model.notice_way import WebhookSettings
from watchglass.store.notices import SCHEMA, NoticeStore
from watchglass.store.vault import Vault

BEFORE = """
CREATE TABLE schema_version (what VARCHAR(32) NOT NULL PRIMARY KEY, version INTEGER NOT NULL);
INSERT INTO schema_version VALUES ('notices', 1);
CREATE TABLE notices (id VARCHAR(32) NOT NULL PRIMARY KEY, kind VARCHAR(32) NOT NULL,
  about VARCHAR(64) NOT NULL, sentence TEXT NOT NULL, at_ns BIGINT NOT NULL, ended_ns BIGINT,
  acknowledged_by TEXT DEFAULT '' NOT NULL, acknowledged_ns BIGINT);
CREATE INDEX ix_notices_at_ns ON notices (at_ns);
CREATE TABLE notice_deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, way VARCHAR(16) NOT NULL,
  subject TEXT NOT NULL, body TEXT NOT NULL, made_ns BIGINT NOT NULL, tries INTEGER NOT NULL,
  due_ns BIGINT NOT NULL);
CREATE TABLE notice_ways (way VARCHAR(16) NOT NULL PRIMARY KEY, settings BLOB NOT NULL,
  sealed BLOB, status BLOB NOT NULL, daily VARCHAR(10) DEFAULT '' NOT NULL);
INSERT INTO notice_ways VALUES ('webhook', '{"url":"https://example.org/hook"}', NULL, '{}', '');
INSERT INTO notice_deliveries (way, subject, body, made_ns, tries, due_ns) VALUES
  ('webhook', 'aa', '{"event":"ended","notice":"aa","kind":"camera_offline","about":"bb",
    "sentence":"Hall is not recorded.","at":"2026-11-27T00:00:00Z","ended":null}', 5, 0, 5),
  ('webhook', 'Watchglass: a try', 'A try, asked for by me.', 6, 0, 6),
  ('mail', 'Watchglass: Hall is away.', 'Hall is away.

Since 2026.
', 7, 2, 7);
"""


def test_what_waited_becomes_letters(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    with sqlite3.connect(path) as old:
        old.executescript(BEFORE)
    old.close()
    disk = Disk()
    store = NoticeStore(path, Vault(tmp_path / "vault", disk), disk)
    try:
        assert SCHEMA.version == 2
        assert store.ways() == [WebhookSettings("https://example.org/hook")]
        found = []
        while (delivery := store.due(1 << 62)) is not None:
            found.append((delivery.way, delivery.tries, store.letter(delivery)))
            store.sent(delivery, 9)
        hook, trial, mail = found
        assert hook == (
            NoticeWay.WEBHOOK, 0,
            Letter(
                event=LetterEvent.ENDED, kind=NoticeKind.CAMERA_OFFLINE, id="aa", about="bb",
                subject="Hall is not recorded.", text="Hall is not recorded.", at_ns=5,
            ),
        )  # fmt: skip
        assert trial[2].subject == "A try, asked for by me."
        assert (mail[1], mail[2].subject) == (2, "Hall is away.")
        assert mail[2].text == "Hall is away.\n\nSince 2026.\n"
        store.set_way(WebhookSettings("https://example.org/hook"), Secret("k"))
        assert store.has_secret(NoticeWay.WEBHOOK)
    finally:
        store.close()
