"""A media file against the lines that tell of it."""

from . import payload
from .catalogue import Catalogue, FileRecord, Key
from .finding import Finding, Findings
from .folders import Volume
from .mediafile import MediaFile

_CODECS = {b"avc1": "h264", b"hvc1": "h265", b"mp4v": "mjpeg", b"jpeg": "mjpeg"}
_ENTRIES = {"aac": b"mp4a", "pcm_alaw": b"alaw", "pcm_mulaw": b"ulaw", "": b""}


def check_file(
    record: FileRecord, file: MediaFile, volume: str, following: FileRecord | None
) -> list[Finding]:
    """`following`: the next file of the run."""
    say, line, header = Findings(file.name), record.line, file.header
    say.same("volume", volume, line.text("volume"))
    if header is None:
        say.damage("the ledger knows a header, the file has none")
        return say.found
    say.same("leaf of the header", file.header_leaf.hex(), line.text("header"))
    say.same("stream", payload.STREAMS[header.stream % 2], line.text("stream"))
    for mine, name in (
        (header.wall, "wall"),
        (header.media, "media"),
        (header.first_fragment, "first_fragment"),
    ):
        say.same(name, mine, line.whole(name))
    _check_tracks(record, file, say)
    if record.closed is None:
        if file.has_footer:
            say.add("note", "has a footer, but no line says that it was closed")
    elif say.unless(file.has_footer, "closed by the ledger, but without a footer"):
        _check_closed(record, file, following, say)
    return say.found


def _check_tracks(record: FileRecord, file: MediaFile, say: Findings) -> None:
    line = record.line
    video = [one for one in file.tracks if one.handler == b"vide"]
    sound = [one for one in file.tracks if one.handler == b"soun"]
    if video:
        say.same("width", video[0].width, line.whole("width"))
        say.same("height", video[0].height, line.whole("height"))
        say.same("codec", _CODECS.get(video[0].entry, ""), line.text("codec"))
    entry = sound[0].entry if sound else b""
    say.same("sample entry of sound", entry, _ENTRIES[line.text("sound")])


def _check_closed(
    record: FileRecord, file: MediaFile, following: FileRecord | None, say: Findings
) -> None:
    assert record.closed is not None
    erased = any(not one.offset for one in file.fragments)
    if not erased:  # what becomes of the length then is left open
        say.same("length", file.size, record.closed.whole("length"))
    say.same("fragments", len(file.fragments), record.closed.whole("fragments"))
    say.same("root", file.root.hex(), record.closed.text("root"))
    ends = [record.media if file.video_end is None else file.video_end]
    if following is not None and not record.closed.data["recovered"]:
        ends = [following.media]
    if not erased:
        say.unless(record.closed.whole("media") in ends, f"ends at {ends}, the ledger differs")


def check_absent(
    catalogue: Catalogue, media: dict[Key, MediaFile], volumes: list[Volume]
) -> list[Finding]:
    """Files of the ledger that are not on disk, and files on disk that were deleted."""
    say = Findings(f"ledger {catalogue.camera}")
    given = {volume.id for volume in volumes}
    for key, record in catalogue.files.items():
        where = f"{key[0]} {key[1]}"
        if key in media:
            if record.deleted:
                say.add("note", f"deleted ({record.deleted}), but still there", where)
        elif record.deleted:
            continue
        elif record.line.text("volume") in given:
            say.add("missing", "not on its volume", where)
        else:
            say.add("note", f"on volume {record.line.text('volume')}, which was not given", where)
    return say.found
