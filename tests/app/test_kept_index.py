"""The index is opened once, and again where it was made anew."""

from pathlib import Path

from watchglass.app.kept_index import KeptIndex
from watchglass.store.index import IndexStore


def test_there_is_none_until_there_is(tmp_path: Path) -> None:
    kept = KeptIndex(tmp_path / "index.db")
    assert kept.store() is None
    IndexStore(tmp_path / "index.db").close()
    first = kept.store()
    assert first is not None
    assert kept.store() is first
    kept.close()


def test_one_made_anew_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    IndexStore(path).close()
    kept = KeptIndex(path)
    first = kept.store()
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        (tmp_path / name).rename(tmp_path / f"old-{name}")  # so that its inode is not used again
    with_line = IndexStore(path)
    with with_line.write() as index:
        index.set_applied("aa", 7)
    second = kept.store()
    assert second is not first
    assert second is not None
    with second.read() as reader:
        assert reader.ledgers() == {"aa": 7}
    with_line.close()
    kept.close()
