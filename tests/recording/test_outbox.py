"""Facts are kept until the keeper has them, in order; what a file tells again goes first."""

import threading
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.ids import CameraId, GapId, RunId
from watchglass.model.fact import Fact, FragmentWritten, GapOpened
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.outbox import Outbox

CAMERA = CameraId("c0" * 16)
RUN = RunId("b1" * 16)


def fragment(number: int) -> FragmentWritten:
    return FragmentWritten(
        RUN, CAMERA, 0, number, Track.VIDEO, 0, 1, 0, 1, 0, 0, bytes(32)
    )  # fmt: skip


def gap(number: int) -> GapOpened:
    return GapOpened(
        GapId(f"{number:032x}"), CAMERA, StreamName.MAIN, GapCause.STALLED, number
    )  # fmt: skip


def add(outbox: Outbox, facts: Iterable[Fact]) -> None:
    for fact in facts:
        outbox.add(fact)


def test_facts_leave_in_order_and_once() -> None:
    outbox = Outbox()
    add(outbox, map(fragment, range(7)))
    assert [n for n, _ in outbox.unsent(4)] == [0, 1, 2, 3]
    assert [n for n, _ in outbox.unsent(4)] == [4, 5, 6]
    assert outbox.unsent() == []


def test_what_is_not_acknowledged_is_sent_again() -> None:
    outbox = Outbox()
    add(outbox, map(fragment, range(5)))
    outbox.unsent()
    outbox.acknowledge(1)
    outbox.send_again()
    assert [n for n, _ in outbox.unsent()] == [2, 3, 4]
    outbox.acknowledge(4)
    outbox.send_again()
    assert outbox.unsent() == []
    outbox.add(gap(9))
    assert [n for n, _ in outbox.unsent()] == [5]


def test_what_could_not_be_queued_is_sent_again() -> None:
    outbox = Outbox()
    add(outbox, map(fragment, range(5)))
    outbox.unsent(2)
    batch = outbox.unsent(2)
    outbox.unsend(batch[0][0])
    assert [n for n, _ in outbox.unsent()] == [2, 3, 4]


def test_fragments_go_first_when_it_is_full() -> None:
    outbox = Outbox(limit=10)
    add(outbox, map(fragment, range(8)))
    add(outbox, map(gap, range(2)))
    outbox.add(fragment(8))
    assert outbox.depth().dropped_fragments == 1
    outbox.add(gap(2))
    assert outbox.depth().dropped_fragments == 9
    assert [fact for _, fact in outbox.unsent()] == [gap(0), gap(1), gap(2)]


def test_the_end_is_waited_for() -> None:
    outbox = Outbox()
    outbox.add(gap(0))
    assert not outbox.wait_until_empty(0.0)
    thread = threading.Thread(target=outbox.acknowledge, args=(0,))
    thread.start()
    assert outbox.wait_until_empty(5)
    thread.join()


def test_only_what_should_not_wait_wakes_the_link() -> None:
    woken: list[int] = []
    outbox = Outbox(on_fact=lambda: woken.append(1))
    outbox.add(fragment(0))
    assert not woken
    outbox.add(gap(0))
    assert woken == [1]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("gap"), st.integers(1, 3)),
        st.tuples(st.just("fragment"), st.integers(1, 6)),
        st.tuples(st.just("send"), st.integers(1, 5)),
        st.tuples(st.just("refuse"), st.integers(1, 5)),
        st.tuples(st.just("acknowledge"), st.integers(0, 4)),
        st.tuples(st.just("renew"), st.just(0)),
    ),
    max_size=60,
)


@given(steps, st.integers(1, 12))
def test_nothing_but_fragments_is_lost(plan: list[tuple[str, int]], limit: int) -> None:
    """The keeper's side of it: what it has seen, and what it has said that it has."""
    outbox = Outbox(limit=limit)
    added: list[Fact] = []
    seen: dict[int, Fact] = {}
    batches: list[int] = []
    for what, count in plan:
        match what:
            case "gap" | "fragment":
                made = (
                    [gap(len(added) + n) for n in range(count)]
                    if what == "gap"
                    else [fragment(len(added) + n) for n in range(count)]
                )
                add(outbox, made)
                added += made
            case "send":
                batch = outbox.unsent(count)
                assert [n for n, _ in batch] == sorted(n for n, _ in batch)
                seen.update(batch)
                batches += [batch[-1][0]] if batch else []
            case "refuse":
                refused = outbox.unsent(count)
                if refused:
                    outbox.unsend(refused[0][0])
            case "acknowledge":
                for up_to in batches[:count]:
                    outbox.acknowledge(up_to)
                batches = batches[count:]
            case _:
                outbox.send_again()
    outbox.send_again()
    seen.update(outbox.unsent(10_000))
    told = [seen[n] for n in sorted(seen)]
    assert [f for f in told if isinstance(f, GapOpened)] == [
        f for f in added if isinstance(f, GapOpened)
    ]
    numbers = [f.number for f in told if isinstance(f, FragmentWritten)]
    assert numbers == sorted(set(numbers))
    gaps = sum(isinstance(f, GapOpened) for f in added)
    assert outbox.depth().waiting <= max(limit, gaps)
