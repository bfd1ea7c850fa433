"""Notes of what people do, on their way to the ledger: spooled at once, then told in batches.

Who is about to show something waits until its note is on disk here, which takes a millisecond or
so, and goes on while no recorder answers. A note stays here until the recorder has said that it is
in the ledger; what was told of it since replaces it. What nobody could keep is not shown.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice

from watchglass.api.blocking import Blocking
from watchglass.api.notespool import NoteSpool
from watchglass.base import log
from watchglass.base.errors import StorageError, WatchglassError
from watchglass.base.ids import ActId, LookId
from watchglass.model.act import Note

_GATHER_S = 0.05
_MOST_A_CALL = 250
_MOST_SPENT_BYTES = 1 << 20
"""How much that was told already may lie in the spool while more comes."""
_LOG = log.get("looks")


class NoteQueue:
    """Of one event loop. ``tell`` blocks, and raises WatchglassError for what is to be retried."""

    def __init__(
        self, tell: Callable[[Sequence[Note]], None], spool: NoteSpool, blocking: Blocking
    ) -> None:
        self._tell = tell
        self._spool = spool
        self._blocking = blocking
        self._waiting: dict[LookId | ActId, Note] = {}
        self._unkept: list[tuple[Note, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._spooling = asyncio.Lock()
        self._recalled = False
        self._failing = False
        self.refused = 0

    @property
    def depth(self) -> int:
        """How many notes wait."""
        return len(self._waiting)

    async def keep(self, note: Note) -> None:
        """Take a note, or more of one, and return once it is on disk, here or in the ledger.

        WatchglassError when neither can be had: then what it is about must not be shown.
        """
        kept = asyncio.get_running_loop().create_future()
        self._unkept.append((note, kept))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        await kept

    def put(self, note: Note) -> None:
        """Take more of a note that was kept: it is told soon, and nobody waits."""
        self._waiting[note.id] = note
        if not self._failing:
            self.send()

    async def tell(self, note: Note) -> None:
        """Return once the recorder has it in the ledger; WatchglassError when it has not."""
        await self._blocking(self._tell, [note])

    def send(self) -> None:
        """See that what waits is sent; about once a second, and nothing is tried more often."""
        idle = self._telling is None or self._telling.done()
        if idle and (self._waiting or not self._recalled):
            self._telling = asyncio.create_task(self._send(_GATHER_S))

    async def close(self) -> None:
        """Send what waits; what nobody takes any more stays in the spool, for the next process."""
        for task in (self._keeping, self._telling):
            if task is not None:
                await task
        await self._send(0)
        if self._waiting:
            await self._shrink()
        self._spool.close()

    # --- on disk here -----------------------------------------------------------------------

    async def _keep(self) -> None:
        """As long as there are any: all that came while the disk was at the last ones."""
        while self._unkept:
            batch, self._unkept = self._unkept, []
            notes = [note for note, _ in batch]
            try:
                await self._kept(notes)
            except WatchglassError as error:
                self.refused += len(batch)
                _LOG.error("looks_refused", count=len(batch), error=error.sentence)
                for _, kept in batch:
                    if not kept.done():
                        kept.set_exception(error)
                continue
            for _, kept in batch:
                if not kept.done():
                    kept.set_result(None)

    async def _kept(self, notes: list[Note]) -> None:
        async with self._spooling:
            try:
                await self._blocking(self._spool.put, notes)
            except StorageError:
                # The keeper has a reserve of its own for a full disk.
                await self._blocking(self._tell, notes)
                return
            self._waiting.update((note.id, note) for note in notes)
        if not self._failing:
            self.send()

    async def _shrink(self) -> None:
        """Have in the spool what waits, and no more."""
        async with self._spooling:
            try:
                await self._blocking(self._spool.replace, list(self._waiting.values()))
            except StorageError as error:
                _LOG.error("spool_not_emptied", error=error.sentence)

    # --- to the ledger ----------------------------------------------------------------------

    async def _send(self, gather_s: float) -> None:
        await asyncio.sleep(gather_s)
        if not self._recalled and not await self._recall():
            return
        while self._waiting and await self._told():
            if not self._waiting and self._spool.bytes > (_MOST_SPENT_BYTES if self._unkept else 0):
                await self._shrink()

    async def _told(self) -> bool:
        """Tell all that waits; False when nobody takes it."""
        while self._waiting:
            notes = list(islice(self._waiting.values(), _MOST_A_CALL))
            try:
                await self._blocking(self._tell, notes)
            except WatchglassError as error:
                if not self._failing:
                    _LOG.error("looks_wait", count=len(self._waiting), error=error.sentence)
                self._failing = True
                return False
            self._failing = False
            for note in notes:
                if self._waiting[note.id] is note:
                    del self._waiting[note.id]
        return True

    async def _recall(self) -> bool:
        """Take up what a process before this one left."""
        try:
            left = await self._blocking(self._spool.recall)
        except StorageError as error:
            _LOG.error("looks_wait", error=error.sentence)
            return False
        # What this process has told of it since is newer.
        self._waiting = {**{note.id: note for note in left}, **self._waiting}
        self._recalled = True
        return True
