"""Files whose writer is gone, or of which facts were missed: they tell what they hold."""

from watchglass.base.errors import DamagedError, WatchglassError
from watchglass.recording.book import CameraBook
from watchglass.recording.desk import Desk, Lines
from watchglass.recording.openmedia import OpenMedia
from watchglass.recording.recovery import StillWrittenError, read_open, recover


def read_behind(desk: Desk) -> None:
    """Files of which facts are missing tell themselves what they hold."""
    for book in desk.books.values():
        for media in book.files.values():
            reads = media.behind and not media.doubted
            path = desk.path_of(book.camera, media) if reads else None
            if path is not None:
                try:
                    book.read_again(media, read_open(path))
                    media.read_before_sync = desk.begin_syncs()[media.volume]
                except WatchglassError as error:
                    desk.once((media.run, media.sequence), error.sentence)


def recover_orphans(desk: Desk, lines: Lines) -> None:
    """Close the files that nobody writes any more."""
    for book in desk.books.values():
        for media in list(book.files.values()):
            abandoned = media.doubted or book.stream(media.stream).run != media.run
            if media.peer not in desk.peers or abandoned:
                try_recover(desk, book, media, lines)


def try_recover(desk: Desk, book: CameraBook, media: OpenMedia, lines: Lines) -> None:
    """Recover one open file if nobody writes it any more; its run ends with it."""
    path = desk.path_of(book.camera, media)
    if path is None:
        return
    media_to = media.media_to
    try:
        found = recover(path, desk.disk)
    except StillWrittenError:
        return
    except DamagedError as error:
        # Nothing of it can be read; it stays for a person to look at, and the run is over.
        desk.once((media.run, media.sequence), error.sentence)
        media_to = media.media_from
        lines[book.camera] += book.file_unreadable(media)
    except WatchglassError as error:
        if path.exists():
            desk.once((media.run, media.sequence), error.sentence)
            return
        lines[book.camera] += book.file_missing(media)
    else:
        desk.counters.recovered_files += 1
        desk.counters.recovered_bytes_cut += found.cut_bytes
        media_to = found.media_to
        lines[book.camera] += book.file_recovered(media, found)
        if found.was_closed:
            # Its writer may live and have gone on with a file that was not told of yet.
            desk.look_for_files = True
            return
    if book.stream(media.stream).run == media.run:
        lines[book.camera] += book.end_run(
            media.run, media.stream, media_to, desk.clock.wall_ns(), desk.why_ended(media.run)
        )
        desk.ended_runs.add(book.camera)
