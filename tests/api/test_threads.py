"""The threads that a request's waiting is done in: as many as at the start, whatever happens."""

import asyncio
import threading
from contextvars import ContextVar

import anyio
import pytest

from watchglass.api.blocking import Blocking

_WHO: ContextVar[str] = ContextVar("who", default="nobody")


def test_threads_are_there_from_the_start_and_no_more_come() -> None:
    before = set(threading.enumerate())

    def made() -> set[threading.Thread]:
        return set(threading.enumerate()) - before

    async def ask() -> None:
        blocking = Blocking(threads=5, hashes=2)
        at_first = made()
        assert len(at_first) == 5 + 2 + 4
        for at_once in (1, 50, 1, 200):
            found = await asyncio.gather(*(blocking(abs, -each) for each in range(at_once)))
            assert found == list(range(at_once))
            await asyncio.gather(*(blocking.hashing(abs, -each) for each in range(at_once)))
            await asyncio.gather(*(blocking.patiently(abs, -each) for each in range(at_once)))
            # asyncio's own, for what it does off the loop, are none of these.
            assert made() == at_first
        blocking.close()
        for each in at_first:
            each.join(30)
        assert not made()

    asyncio.run(ask())


def test_who_gives_up_waits_for_the_thread() -> None:
    release, done = threading.Event(), threading.Event()

    def work() -> None:
        release.wait(30)
        done.set()

    async def ask() -> None:
        blocking = Blocking(1, 1)
        with anyio.CancelScope() as scope:

            async def give_up() -> None:
                scope.cancel()
                for _ in range(50):
                    await asyncio.sleep(0)
                release.set()

            giving_up = asyncio.create_task(give_up())
            await blocking(work)
            await asyncio.sleep(0)  # where the order to give up arrives
            pytest.fail("nobody gave up")
        assert done.is_set()
        await giving_up
        blocking.close()

    asyncio.run(ask())


def test_a_thread_knows_the_context_and_its_error_comes_back() -> None:
    def fail() -> None:
        raise LookupError(_WHO.get())

    async def ask() -> None:
        blocking = Blocking(1, 1)
        _WHO.set("somebody")
        with pytest.raises(LookupError, match="somebody"):
            await blocking(fail)
        blocking.close()

    asyncio.run(ask())
