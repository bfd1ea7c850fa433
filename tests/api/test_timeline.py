"""Timelines for the screen: few spans, no gap lost, one sentence."""

from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.recorded import Browser, Recorded, running
from watchglass.api.ports import CauseWords
from watchglass.api.sentence import length, overall, sentence, when, zone
from watchglass.api.spans import drawn
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId, HoldId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.order import LiftHold, SetHold
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind, StreamTimeline

WORDS = CauseWords({GapCause.STALLED: "nothing came"}, {GapCause.STALLED: "Restart it."})
# Wednesday, 15 November 2023, 12:00 UTC
NOON_NS = 1_700_049_600 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S

_KINDS = st.sampled_from(
    [(SpanKind.MEDIA, None), (SpanKind.GAP, GapCause.STALLED), (SpanKind.GAP, GapCause.PAUSED),
     (SpanKind.UNACCOUNTED, None)]
)  # fmt: skip


@st.composite
def tilings(draw: st.DrawFn) -> list[Span]:
    at, spans = 0, []
    for lasts, (kind, cause) in draw(
        st.lists(st.tuples(st.integers(1, 1000), _KINDS), min_size=1, max_size=60)
    ):
        spans.append(Span(at, at + lasts, kind, cause))
        at += lasts
    return spans


@given(spans=tilings(), pixel=st.integers(1, 3000))
def test_drawn_spans_tile_and_lose_no_gap(spans: list[Span], pixel: int) -> None:
    found = drawn(spans, pixel)
    at = 0
    for each in found:
        assert each.from_ns == at
        at = each.to_ns
    assert at == spans[-1].to_ns
    assert len(found) <= 3 * (at // pixel + 1) + 1
    missing = (SpanKind.GAP, SpanKind.UNACCOUNTED)
    for span in spans:
        if span.kind in missing:
            over = [f for f in found if f.from_ns < span.to_ns and span.from_ns < f.to_ns]
            assert all(each.kind in missing for each in over)
    lost = sum(span.to_ns - span.from_ns for span in spans if span.kind in missing)
    assert sum(each.missing_ns for each in found) == lost


def test_long_spans_keep_their_ends() -> None:
    spans = [
        Span(0, 1000, SpanKind.MEDIA), Span(1000, 1001, SpanKind.GAP, GapCause.STALLED),
        Span(1001, 5000, SpanKind.MEDIA),
    ]  # fmt: skip
    assert [(each.from_ns, each.to_ns) for each in drawn(spans, 100)] == [
        (0, 1000), (1000, 1001), (1001, 5000)
    ]  # fmt: skip


def line(*spans: Span) -> StreamTimeline:
    return StreamTimeline(
        CameraId("c" * 32), StreamName.MAIN, spans[0].from_ns, spans[-1].to_ns, spans
    )


def test_sentences() -> None:
    monday = NOON_NS - 2 * DAY_NS
    media = Span(monday, NOON_NS, SpanKind.MEDIA)
    assert (
        sentence(line(media), monday, NOON_NS, WORDS, UTC) == "Nothing missing since Monday 12:00."
    )
    gap = Span(monday + DAY_NS, NOON_NS, SpanKind.GAP, GapCause.STALLED)
    both = line(Span(monday, gap.from_ns, SpanKind.MEDIA), gap)
    assert sentence(both, monday, NOON_NS, WORDS, UTC) == (
        "Nothing recorded since yesterday 12:00 (nothing came)."
    )
    past = line(
        Span(monday, monday + 38 * NS_PER_S, SpanKind.GAP, GapCause.STALLED),
        Span(monday + 38 * NS_PER_S, NOON_NS, SpanKind.MEDIA),
    )
    assert sentence(past, monday, NOON_NS, WORDS, UTC) == (
        "Nothing missing since Monday 12:00; 38 s missing in 1 gap since Monday 12:00"
        " (nothing came)."
    )
    assert overall([line(media)], monday, NOON_NS, UTC) == "Nothing missing since Monday 12:00."
    assert overall([line(media), both], monday, NOON_NS, UTC) == "1 of 2 cameras is not recorded."
    assert overall([], monday, NOON_NS, UTC) == "Nothing is recorded yet."


def test_the_wait_for_a_first_picture_is_told_as_that() -> None:
    added = NOON_NS - 3600 * NS_PER_S
    first = added + 2 * NS_PER_S
    wait = Span(added, first, SpanKind.GAP, GapCause.STALLED)
    new = line(wait, Span(first, NOON_NS, SpanKind.MEDIA))
    old = line(Span(added - DAY_NS, NOON_NS, SpanKind.MEDIA))
    asked = added - DAY_NS
    told = "Nothing missing since its first picture, 11:00."
    assert sentence(new, asked, NOON_NS, WORDS, UTC) == told
    assert overall([new], asked, NOON_NS, UTC) == told
    assert overall([new, new], asked, NOON_NS, UTC) == (
        "Nothing missing since the first picture, 11:00, on all 2 cameras."
    )
    assert overall([new, old], asked, NOON_NS, UTC) == (
        "Nothing missing since the first picture, 11:00, on all 2 cameras."
    )
    # A gap that came later, and one that only the view cuts off, are gaps.
    gap = Span(NOON_NS - 9 * NS_PER_S, NOON_NS - 5 * NS_PER_S, SpanKind.GAP, GapCause.STALLED)
    later = line(
        wait, Span(first, gap.from_ns, SpanKind.MEDIA), gap,
        Span(gap.to_ns, NOON_NS, SpanKind.MEDIA),
    )  # fmt: skip
    assert "in 2 gaps" in sentence(later, asked, NOON_NS, WORDS, UTC)
    assert overall([later], asked, NOON_NS, UTC) == "Nothing missing since 11:59."
    assert "in 1 gap" in sentence(new, added, NOON_NS, WORDS, UTC)


def test_times_are_local_where_the_screen_is() -> None:
    assert when(NOON_NS, NOON_NS, zone("Europe/Vienna")) == "13:00"
    assert when(NOON_NS - 300 * DAY_NS, NOON_NS, UTC) == "19 January 12:00"
    assert when(NOON_NS - 400 * DAY_NS, NOON_NS, UTC) == "11 October 2022 12:00"
    for name in ("../../etc/passwd", "Nowhere/Town", "\x00", "/etc/localtime"):
        with pytest.raises(UsageError):
            zone(name)
    lengths = [length(seconds * NS_PER_S) for seconds in (0, 59, 61, 7500, 3 * 86400)]
    assert lengths == ["1 s", "59 s", "1 min", "2 h 5 min", "3 days"]


def test_timeline_of_a_recorded_site(browser: Browser, recorded: Recorded) -> None:
    now_ms = recorded.site.clock.wall_ns() // 1_000_000
    found = browser.json(
        "/api/v1/timeline", params={"from_ms": now_ms - 90 * 86_400_000, "to_ms": now_ms + 5000}
    )
    assert [each["camera"] for each in found["cameras"]] == recorded.cameras
    for each in found["cameras"]:
        assert each["unaccounted_ms"] == 0
        assert each["recorded_ms"] > 18_000
        assert len(each["spans"]) == 1  # 90 days in 1500 pixels
    one = browser.json(
        "/api/v1/timeline",
        params={"from_ms": now_ms - 30_000, "to_ms": now_ms, "camera": recorded.camera},
    )
    kinds = [span["kind"] for span in one["cameras"][0]["spans"]]
    assert kinds == ["gap", "media", "pending"]
    at = one["cameras"][0]["from_ms"]
    for span in one["cameras"][0]["spans"]:
        assert span["from_ms"] == at
        at = span["to_ms"]


def test_what_is_held_is_told_where_the_camera_has_it(browser: Browser, recorded: Recorded) -> None:
    began_ms = recorded.began_ns // 1_000_000
    asked = {"from_ms": began_ms - 60_000, "to_ms": began_ms + 60_000}

    def held() -> list[list[dict[str, int]]]:
        found = browser.json("/api/v1/timeline", params=asked)["cameras"]
        return [each["held"] for each in found]

    assert held() == [[], []]
    holds = []
    # Two that touch, and a third that begins before there was a camera.
    for from_s, to_s in ((4, 6), (6, 9), (-50, 2)):
        holds.append(HoldId(random_id()))
        from_ns, to_ns = (recorded.began_ns + at_s * NS_PER_S for at_s in (from_s, to_s))
        order = SetHold(recorded.camera, holds[-1], from_ns, to_ns, "me", "a case")
        assert recorded.site.order(order) == ""
    first, other = held()
    assert other == []
    assert first[1] == {"from_ms": began_ms + 4000, "to_ms": began_ms + 9000}
    since_ms = browser.json("/api/v1/timeline", params=asked)["cameras"][0]["from_ms"]
    assert first[0] == {"from_ms": since_ms, "to_ms": began_ms + 2000}
    for hold in holds:
        assert recorded.site.order(LiftHold(recorded.camera, hold, "me", "over")) == ""
    assert held() == [[], []]


@pytest.mark.full
def test_changes_are_told_as_they_happen(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "s")
    recorded.record(3)
    with running(recorded) as (_, browser):
        seen: list[str] = []
        with browser.http.stream("GET", "/api/v1/changes", headers=browser.headers()) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for text in answer.iter_lines():
                if not text.startswith("event: "):
                    continue
                seen.append(text.removeprefix("event: "))
                if seen == ["camera", "recording"]:
                    recorded.worker.stream(recorded.camera).end(GapCause.CAMERA_UNREACHABLE)
                    recorded.worker.tell_gap(recorded.camera, GapCause.CAMERA_UNREACHABLE)
                    recorded.cycle()
                if seen[-1] == "gap_opened":
                    recorded.record(2)
                if seen[-1] == "gap_closed":
                    break
        assert "gap_opened" in seen
    recorded.close()
