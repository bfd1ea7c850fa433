"""What workers told, and which of it may be believed: that which a sync has made durable.

A fact waits until a sync that began after it came has ended. When that sync failed, the fact is
dropped, and so is all that is told of its run later: the worker is asked to begin another, and what
the file really holds is read when it has let go of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from watchglass.base.ids import CameraId, RunId, VolumeId
from watchglass.model.fact import (
    Fact,
    FileClosed,
    FileOpened,
    FragmentWritten,
    Hole,
    RunEnded,
    RunStarted,
)
from watchglass.model.order import Doubt, FromKeeper, Synced
from watchglass.recording.book import CameraBook
from watchglass.recording.desk import Desk
from watchglass.recording.mediapath import media_path
from watchglass.recording.mounted import Mounted

_OF_MEDIA = RunStarted | FileOpened | FragmentWritten | FileClosed | Hole


@dataclass(slots=True)
class Heard:
    """Facts of a worker; ``due`` tells, by volume, which sync covers what they tell of."""

    peer: str
    session: str
    last: int
    facts: list[Fact]
    due: dict[VolumeId, int] = field(default_factory=dict)


class Doubts:
    """Of one keeper: the syncs, and what they left in doubt."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._goes_on: dict[str, set[RunId]] = {}
        self.since_ns: int | None = None
        """UTC since when files may lie on disk that were not believed; None for never."""

    def settle(self, inbox: list[Heard]) -> list[tuple[str, FromKeeper]]:
        """Sync; who is to begin another run."""
        due = self._desk.begin_syncs()
        for heard in inbox:
            for volume, number in due.items():
                heard.due.setdefault(volume, number)
        was_failing = self._desk.failing()
        for mounted in self._desk.settle_syncs(self._desk.patience_s):
            if mounted.failing:
                self._doubt(mounted, inbox, tell=mounted.volume.id not in was_failing)
            elif mounted.volume.id in was_failing:
                # What was written meanwhile may have arrived after all.
                self._desk.look_for_files = True
        asked, self._goes_on = self._goes_on, {}
        return [(peer, Doubt(sorted(runs))) for peer, runs in asked.items()]

    def believes(self, heard: Heard, fact: Fact) -> bool:
        """Whether a fact that a sync has settled counts."""
        if isinstance(fact, FragmentWritten) and self._is_unknown(fact):
            self._desk.doubted.add(fact.run)
        if isinstance(fact, RunEnded) and fact.run in self._desk.doubted:
            self._desk.look_for_files = True
        if not isinstance(fact, _OF_MEDIA) or fact.run not in self._desk.doubted:
            return True
        if isinstance(fact, FragmentWritten) and not self._desk.failing():
            # While the disk refuses, one run is as good as another.
            self._goes_on.setdefault(heard.peer, set()).add(fact.run)
        return False

    def _is_unknown(self, fact: FragmentWritten) -> bool:
        """A run whose beginning a keeper before this one did not believe."""
        book = self._desk.books.get(fact.camera)
        return book is not None and not book.knows_run(fact.run)

    def _doubt(self, mounted: Mounted, inbox: list[Heard], *, tell: bool) -> None:
        self.since_ns = self.since_ns or mounted.failing_since_ns
        for book in self._desk.books.values():
            for media in book.files.values():
                if media.volume == mounted.volume.id:
                    media.doubted = True
                    self._desk.doubted.add(media.run)
                    if tell:
                        self._goes_on.setdefault(media.peer, set()).add(media.run)
        for heard in inbox:
            if heard.due[mounted.volume.id] <= mounted.settled:
                opened = [fact for fact in heard.facts if isinstance(fact, FileOpened)]
                here = mounted.volume.id
                self._desk.doubted |= {fact.run for fact in opened if fact.volume == here}


def settled(desk: Desk, inbox: list[Heard]) -> Iterator[tuple[Heard, Fact]]:
    """The facts that wait for no sync any more, taken out; those of a camera stay in order."""
    waiting: set[CameraId] = set()
    for heard in inbox:
        left: list[Fact] = []
        for fact in heard.facts:
            if fact.camera not in waiting and _is_settled(desk, heard, fact):
                yield heard, fact
            else:
                waiting.add(fact.camera)
                left.append(fact)
        heard.facts = left


def acknowledged(inbox: list[Heard]) -> list[tuple[str, FromKeeper]]:
    """Take out what was heard whole; what to say for it. A session's are acknowledged in order."""
    answers: list[tuple[str, FromKeeper]] = []
    waiting: set[str] = set()
    left = []
    for heard in inbox:
        if heard.facts or heard.session in waiting:
            waiting.add(heard.session)
            left.append(heard)
        else:
            answers.append((heard.peer, Synced(heard.session, heard.last)))
    inbox[:] = left
    return answers


def _is_settled(desk: Desk, heard: Heard, fact: Fact) -> bool:
    volumes = {fact.volume} if isinstance(fact, FileOpened) else set()
    book = desk.books.get(fact.camera)
    if book is not None:
        volumes |= {media.volume for media in book.files.values()}
        volumes |= {book.volume} if book.volume is not None else set()
    return all(desk.settled(volume) >= heard.due.get(volume, 0) for volume in volumes)


def is_gone(desk: Desk, book: CameraBook, fact: FileOpened) -> bool:
    """Told again, when all that was known of the file has been purged with it."""
    if book.knows_file((fact.run, fact.sequence)):
        return False
    root = desk.volume_path(fact.volume)
    if root is None:
        return False
    return not media_path(
        root, fact.camera, fact.stream, fact.wall_ns, fact.run, fact.sequence
    ).exists()
