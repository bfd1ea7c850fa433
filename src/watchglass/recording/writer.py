"""The writer thread of a volume: the only one that waits for the disk.

Readers put jobs into byte-bounded queues, one for each stream. The writer takes them in turn,
creates and locks files, appends, and tells the outbox what it did, in that order. A full disk is
waited for (the keeper purges meanwhile); the queue in front of it is what decides how long that may
take without a loss. A disk that fails ends the run, and the next key frame tries a new file.
"""

import os
import queue
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite, lock
from watchglass.base.errors import DiskFullError, StorageError, VolumeMissingError, WriteFailedError
from watchglass.base.ids import CameraId, GapId, VolumeId, random_id
from watchglass.base.queues import ByteQueue, QueueDepth
from watchglass.model.fact import (
    FileClosed,
    FileOpened,
    FragmentWritten,
    GapOpened,
    Hole,
    RunEnded,
)
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.footer import Entry, encode_footer
from watchglass.recording.job import Abandon, CloseFile, EndRun, Job, OpenFile, Tell, WriteFragment
from watchglass.recording.mediapath import media_path
from watchglass.recording.merkle import Frontier, leaf_hash
from watchglass.recording.outbox import Outbox
from watchglass.recording.volume import Volume

_RETRY_S = 0.1
_LOG = log.get("writer")


@dataclass(slots=True)
class StreamTally:
    """What the writer did for one stream. ``written_ns`` is monotonic, of its last fragment."""

    fragments: int = 0
    media_bytes: int = 0
    files: int = 0
    written_ns: int = 0
    gaps: dict[GapCause, int] = field(default_factory=dict)


@dataclass(slots=True)
class _OpenMedia:
    """A media file being written."""

    opened: OpenFile
    fd: int
    path: Path
    offset: int
    header_bytes: int
    header_leaf: bytes
    frontier: Frontier
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file that was created and locked, and whose header the disk has not taken yet."""

    path: Path
    fd: int


class StreamQueue:
    """The queue of one stream, its open file, and what its reader has to know of the disk."""

    def __init__(
        self, camera: CameraId, stream: StreamName, writer: "VolumeWriter", limit_bytes: int
    ) -> None:
        self.camera = camera
        self.stream = stream
        self._writer = writer
        self.jobs: ByteQueue[Job] = ByteQueue(f"write {camera[:8]}/{stream}", limit_bytes)
        self.media: _OpenMedia | None = None
        self.begun: _Begun | None = None
        self.failed = threading.Event()
        self.trouble: GapCause | None = None
        self.told: GapCause | None = None
        """The cause of the gap that is open, as far as this process told it; the writer's alone."""
        self.tally = StreamTally()

    def put(self, job: WriteFragment) -> bool:
        """Queue a fragment; False when the disk is too far behind."""
        if self.failed.is_set() or not self.jobs.put(job, len(job.data)):
            return False
        self._writer.wake(self)
        return True

    def has_room(self, size_bytes: int) -> bool:
        """Whether a fragment of that size finds room now; nobody else puts any in."""
        depth = self.jobs.depth()
        return not self.failed.is_set() and (
            depth.items == 0 or depth.size_bytes + size_bytes <= depth.limit_bytes
        )

    def put_always(self, job: Job) -> None:
        """Queue what must not be lost and weighs little."""
        self.jobs.put_always(job)
        self._writer.wake(self)

    def congestion(self) -> GapCause:
        """Why fragments are refused: what its own jobs meet, or another stream's ahead of them."""
        return self.hindrance or GapCause.OVERLOAD

    @property
    def hindrance(self) -> GapCause | None:
        """Why the disk refuses what waits, as it says itself; None while it does not."""
        return self.trouble or self._writer.trouble

    def depth(self) -> QueueDepth:
        """The queue's gauge."""
        return self.jobs.depth()

    def begins_gap(self, cause: GapCause) -> None:
        """A gap is told; the writer's alone."""
        self.told = cause
        self.count_gap(cause)

    def count_gap(self, cause: GapCause) -> None:
        gaps = self.tally.gaps
        gaps[cause] = gaps.get(cause, 0) + 1


class VolumeWriter:
    """One thread that does all media writes of this process on one volume."""

    def __init__(
        self, volume: Volume, disk: Disk, outbox: Outbox, clock: Clock, *, give_up_s: float = 2.0
    ) -> None:
        self._volume = volume
        self._disk = disk
        self._outbox = outbox
        self._clock = clock
        self._give_up_s = give_up_s
        self.trouble: GapCause | None = None
        """Why the disk keeps the thread waiting at the moment."""
        self.waits_since_ns = 0
        """Since when (monotonic) one job has waited for the disk; 0 while none does."""
        self._waiting: deque[StreamQueue] = deque()
        self._held = False
        self._bell: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    @property
    def volume(self) -> VolumeId:
        return self._volume.id

    def start(self) -> None:
        self._thread.start()

    def wake(self, stream: StreamQueue) -> None:
        """There is one more job in ``stream``'s queue."""
        self._waiting.append(stream)
        if not self._held:
            self._bell.put(True)

    def hold(self) -> None:
        """Let it sleep until `release`: for a moment in which several jobs will come."""
        self._held = True

    def release(self) -> None:
        """All that came since `hold` may be written."""
        self._held = False
        if self._waiting:
            self._bell.put(True)

    def end(self) -> None:
        """Let the thread do what is queued, and end. Does not wait."""
        self._stopping.set()
        self._bell.put(False)

    def finish(self, timeout_s: float) -> None:
        """The same, and wait for it; a disk that does not answer is not waited for."""
        self.end()
        self._thread.join(timeout_s)

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        goes_on = True
        while goes_on:
            goes_on = self._bell.get()
            while self._waiting:
                stream = self._waiting.popleft()
                job = stream.jobs.get(0)
                if job is not None:
                    self._do(stream, job)

    def _do(self, stream: StreamQueue, job: Job) -> None:
        if isinstance(job, Tell):
            # A run that failed has ended where the disk did: what its reader says of later moments
            # is of a run that the keeper may never have heard of.
            if isinstance(job.fact, GapOpened) or not stream.failed.is_set():
                self._tell(stream, job)
            return
        if isinstance(job, Abandon):
            media = stream.media
            if media is not None and media.opened.info.run == job.run:
                self._give_up(stream, job, WriteFailedError("The disk did not keep what it took."))
            return
        if stream.failed.is_set():
            if isinstance(job, EndRun):
                stream.failed.clear()
                stream.trouble = None
            return
        try:
            self._retrying(stream, job)
        except StorageError as error:
            self._give_up(stream, job, error)

    def _tell(self, stream: StreamQueue, job: Tell) -> None:
        if isinstance(job.fact, GapOpened):
            if stream.told is job.fact.cause:
                return
            stream.begins_gap(job.fact.cause)
        elif isinstance(job.fact, Hole):
            stream.count_gap(job.fact.cause)
        self._outbox.add(job.fact)

    def _retrying(
        self, stream: StreamQueue, job: WriteFragment | OpenFile | CloseFile | EndRun
    ) -> None:
        """Do a job; wait for a full disk as long as need be, for a failing one a moment."""
        began_ns = self._clock.monotonic_ns()
        while True:
            try:
                self.waits_since_ns = self._clock.monotonic_ns()
                self._attempt(stream, job)
            except DiskFullError as error:
                self._note(stream, GapCause.DISK_FULL, error)
            except WriteFailedError as error:
                if self._clock.monotonic_ns() - began_ns > self._give_up_s * 1e9:
                    raise
                self._note(stream, GapCause.WRITE_FAILED, error)
            else:
                if stream.trouble is not None:
                    _LOG.info("disk_writes_again", camera=stream.camera, stream=stream.stream)
                stream.trouble = self.trouble = None
                return
            finally:
                self.waits_since_ns = 0
            if self._stopping.wait(_RETRY_S) and self._clock.monotonic_ns() - began_ns > 2e9:
                raise WriteFailedError("The recorder stops and the disk still takes nothing.")

    def _note(self, stream: StreamQueue, cause: GapCause, error: StorageError) -> None:
        if stream.trouble is not cause:
            _LOG.error("disk_refuses", camera=stream.camera, stream=stream.stream, error=str(error))
        stream.trouble = self.trouble = cause

    def _give_up(
        self,
        stream: StreamQueue,
        job: WriteFragment | OpenFile | CloseFile | EndRun | Abandon,
        error: StorageError,
    ) -> None:
        """End the run at its last whole fragment; the reader begins another."""
        self.trouble = None
        self._forget_begun(stream)
        cause = _cause_of(error)
        if stream.trouble is not cause:
            _LOG.error("disk_refuses", camera=stream.camera, stream=stream.stream, error=str(error))
        stream.trouble = cause
        if not isinstance(job, EndRun):
            stream.failed.set()
        media, stream.media = stream.media, None
        now_ns, gap = self._clock.wall_ns(), GapId(random_id())
        if media is not None:
            os.close(
                media.fd
            )  # no footer: the keeper recovers the file when the disk answers again
            run, media_to = media.opened.info.run, _media_end(media)
        elif isinstance(job, OpenFile) and job.started is None:
            run, media_to = job.info.run, job.info.media_from
        else:
            if stream.told is not cause:
                stream.begins_gap(cause)
                self._outbox.add(GapOpened(gap, stream.camera, stream.stream, cause, now_ns))
            return
        stream.begins_gap(cause)
        self._outbox.add(RunEnded(run, stream.camera, stream.stream, media_to, now_ns, gap, cause))

    def _attempt(
        self, stream: StreamQueue, job: WriteFragment | OpenFile | CloseFile | EndRun
    ) -> None:
        match job:
            case WriteFragment():
                self._write(stream, job)
            case OpenFile():
                self._open(stream, job)
            case CloseFile():
                self._close(stream, job.media_to)
            case EndRun():
                self._close(stream, job.media_to)
                gap = GapId(random_id())
                stream.begins_gap(job.cause)
                self._outbox.add(
                    RunEnded(
                        job.run,
                        stream.camera,
                        stream.stream,
                        job.media_to,
                        job.wall_ns,
                        gap,
                        job.cause,
                    )
                )

    def _open(self, stream: StreamQueue, job: OpenFile) -> None:
        self._volume.check()
        info = job.info
        path = media_path(
            self._volume.path, info.camera, info.stream, info.wall_ns, info.run, info.sequence
        )
        if stream.begun is None or stream.begun.path != path:
            self._forget_begun(stream)
            self._disk.make_folders(WriteSite.MEDIA_CREATE, path.parent)
            stream.begun = _Begun(path, self._created(path))
        fd = stream.begun.fd
        # Where it fails the file is empty, and taken up by the next try.
        self._disk.write_at(WriteSite.MEDIA_HEADER, fd, job.header, 0, str(path))
        stream.begun = None
        leaf = leaf_hash(job.header)
        stream.media = _OpenMedia(
            job, fd, path, len(job.header), len(job.header), leaf, Frontier([leaf])
        )
        stream.tally.files += 1
        if job.started is not None:
            stream.told = None
            self._outbox.add(job.started)
        video = job.video
        self._outbox.add(
            FileOpened(
                info.run,
                info.camera,
                info.stream,
                self._volume.id,
                info.sequence,
                info.first_fragment,
                info.media_from,
                info.wall_ns,
                len(job.header),
                leaf,
                video.codec.value,
                video.width,
                video.height,
                job.sound,
            )
        )

    def _forget_begun(self, stream: StreamQueue) -> None:
        """Leave an empty file to the keeper, who removes it: this process may remove nothing."""
        if stream.begun is not None:
            os.close(stream.begun.fd)
            stream.begun = None

    def _created(self, path: Path) -> int:
        fd = self._disk.create(WriteSite.MEDIA_CREATE, path, to_read=False)
        # The lock is taken before the first byte: from here on the file is this process's, until
        # it closes it or dies. A keeper that found the empty file first may have removed it.
        if not lock(fd) or os.fstat(fd).st_nlink == 0:
            os.close(fd)
            raise WriteFailedError(f"Another process took {path}: only one recorder may use it.")
        return fd

    def _write(self, stream: StreamQueue, job: WriteFragment) -> None:
        media = stream.media
        if media is None:
            return
        self._disk.write_at(
            WriteSite.MEDIA_FRAGMENT, media.fd, job.data, media.offset, str(media.path)
        )
        leaf = leaf_hash(job.data)
        offset, length = media.offset, len(job.data)
        media.offset += length
        tally = stream.tally
        tally.fragments += 1
        tally.media_bytes += length
        tally.written_ns = self._clock.monotonic_ns()
        media.frontier.append(leaf)
        media.entries.append(
            Entry(
                job.number,
                offset,
                length,
                job.track,
                job.flags,
                job.media_time,
                job.duration,
                job.samples,
                job.wall_ns,
                leaf,
            )
        )
        info = media.opened.info
        self._outbox.add(
            FragmentWritten(
                info.run,
                info.camera,
                info.sequence,
                job.number,
                job.track,
                offset,
                length,
                job.media_time,
                job.duration,
                job.flags,
                job.wall_ns,
                leaf,
            )
        )

    def _close(self, stream: StreamQueue, media_to: int) -> None:
        media = stream.media
        if media is None:
            return
        root = media.frontier.root()
        footer = encode_footer(
            media.header_bytes, media.header_leaf, media.entries, root, media.offset
        )
        self._disk.write_at(WriteSite.MEDIA_FOOTER, media.fd, footer, media.offset, str(media.path))
        os.close(media.fd)
        stream.media = None
        info = media.opened.info
        self._outbox.add(
            FileClosed(
                info.run,
                stream.camera,
                stream.stream,
                info.sequence,
                media.offset + len(footer),
                len(media.entries),
                root,
                media_to,
            )
        )


def _media_end(media: _OpenMedia) -> int:
    return max(
        (e.media_time + e.duration for e in media.entries if e.track == 0),
        default=media.opened.info.media_from,
    )


def _cause_of(error: StorageError) -> GapCause:
    if isinstance(error, VolumeMissingError):
        return GapCause.VOLUME_MISSING
    if isinstance(error, DiskFullError):
        return GapCause.DISK_FULL
    return GapCause.WRITE_FAILED
