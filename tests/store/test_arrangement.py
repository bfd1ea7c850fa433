"""Layouts and bookmarks come back as they were kept; hostile text stays out or stays text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.errors import NotFoundError, RefusedError, UsageError, WatchglassError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.arrangement import (
    MOST_CELLS,
    Bookmark,
    BookmarkId,
    Layout,
    LayoutId,
    Tile,
    problem_of,
)
from watchglass.store import arrangement
from watchglass.store.arrangement import ArrangementStore

ANNA, BERT = "a" * 32, "b" * 32
ONE, TWO = CameraId("1" * 32), CameraId("2" * 32)


@pytest.fixture
def store(tmp_path: Path) -> ArrangementStore:
    return ArrangementStore(tmp_path / "site.db")


def layout(owner: str = ANNA, name: str = "Door", *, shared: bool = False) -> Layout:
    tiles = (Tile(ONE, 0, 0, 2, 2), Tile(TWO, 2, 0, 1, 1))
    return Layout(LayoutId(random_id()), owner, owner[0], name, shared, 3, 2, tiles, 7)


def bookmark(at_ns: int, text: str = "a van") -> Bookmark:
    return Bookmark(BookmarkId(random_id()), ANNA, "anna", ONE, at_ns, text, at_ns + 5)


def test_a_layout_is_its_makers_until_it_is_shared(store: ArrangementStore) -> None:
    own, other, for_all = layout(), layout(BERT, "Yard"), layout(BERT, "all", shared=True)
    for each in (own, other, for_all):
        store.put_layout(each)
    assert store.layouts(ANNA) == [for_all, own]
    assert store.layouts(BERT) == [for_all, other]
    store.remove_layout(other.id)
    with pytest.raises(NotFoundError):
        store.layout(other.id)
    with pytest.raises(NotFoundError):
        store.remove_layout(other.id)


def test_a_layout_replaces_what_it_was_and_there_are_not_many(
    store: ArrangementStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrangement, "MOST_LAYOUTS", 2)
    first = store.put_layout(layout(name="  a  "))
    assert first.name == "a"
    store.put_layout(layout())
    with pytest.raises(RefusedError, match="delete one"):
        store.put_layout(layout())
    store.put_layout(layout(BERT))
    again = Layout(first.id, ANNA, "a", "b", True, 3, 2, first.tiles, 9)
    assert store.put_layout(again) == store.layout(first.id)


@pytest.mark.parametrize(
    "tiles",
    [
        (),
        (Tile(ONE, 2, 0, 2, 1),),
        (Tile(ONE, -1, 0, 1, 1),),
        (Tile(ONE, 0, 0, 0, 1),),
        (Tile(ONE, 0, 0, 1, 1), Tile(ONE, 1, 0, 1, 1)),
        (Tile(ONE, 0, 0, 2, 2), Tile(TWO, 1, 1, 1, 1)),
    ],
)
def test_a_layout_that_cannot_be_drawn_is_refused(
    store: ArrangementStore, tiles: tuple[Tile, ...]
) -> None:
    wrong = Layout(LayoutId(random_id()), ANNA, "a", "x", False, 3, 2, tiles, 7)
    with pytest.raises(UsageError):
        store.put_layout(wrong)
    assert store.layouts(ANNA) == []


numbers = st.integers(-2, MOST_CELLS + 2)


@given(
    numbers, numbers,
    st.lists(st.builds(Tile, st.sampled_from([ONE, TWO]), *[numbers] * 4), max_size=3),
)  # fmt: skip
def test_what_is_drawn_lies_inside_and_apart(columns: int, rows: int, tiles: list[Tile]) -> None:
    made = Layout(LayoutId("l"), ANNA, "a", "x", False, columns, rows, tuple(tiles), 7)
    if problem_of(made):
        return
    cells = [
        (x, y)
        for tile in tiles
        for x in range(tile.x, tile.x + tile.width)
        for y in range(tile.y, tile.y + tile.height)
    ]
    assert len(cells) == len(set(cells)) > 0
    assert all(0 <= x < columns and 0 <= y < rows for x, y in cells)


def test_bookmarks_of_a_span_newest_first(store: ArrangementStore) -> None:
    for at_ns in (10, 30, 20, 40):
        store.add_bookmark(bookmark(at_ns))
    assert [each.at_ns for each in store.bookmarks(10, 40, 9)] == [30, 20, 10]
    assert [each.at_ns for each in store.bookmarks(0, 99, 2)] == [40, 30]
    (newest, *_) = store.bookmarks(0, 99, 1)
    store.remove_bookmark(newest.id)
    with pytest.raises(NotFoundError):
        store.bookmark(newest.id)


@given(st.text(max_size=50))
def test_text_is_kept_as_text_or_refused(text: str) -> None:
    try:
        kept = arrangement._clean(text, 40, "text")
    except WatchglassError:
        return
    assert kept.isprintable()
    assert kept == kept.strip(" ")
    assert 1 <= len(kept) <= 40
    assert arrangement._clean(kept, 40, "text") == kept


def test_markup_is_text_and_what_turns_writing_is_refused(store: ArrangementStore) -> None:
    hostile = "<img src=x onerror=alert(1)>'; DROP TABLE bookmarks; --"
    assert store.add_bookmark(bookmark(1, hostile)).text == hostile
    for wrong in ("", "  ", "a\u202eb", "a\nb", "a\x00b", "x" * 501):
        with pytest.raises(UsageError):
            store.add_bookmark(bookmark(2, wrong))
    assert len(store.bookmarks(0, 9, 9)) == 1


def test_what_is_deleted_is_gone_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    store = ArrangementStore(path)
    kept = store.add_bookmark(bookmark(1, "a very particular sentence"))
    store.remove_bookmark(kept.id)
    store.close()
    assert b"very particular" not in path.read_bytes()


def test_too_many_bookmarks(store: ArrangementStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrangement, "MOST_BOOKMARKS", 1)
    store.add_bookmark(bookmark(1))
    with pytest.raises(RefusedError, match="delete old ones"):
        store.add_bookmark(bookmark(2))
