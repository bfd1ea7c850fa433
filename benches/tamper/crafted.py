"""Changes that somebody would make who knows the format, each with what has to be said of it.

``own_key``: whoever made it holds the recorder's key and signs the manifest anew, and leaves the
ledger's heads as they are. Without it the manifest is as it was, or signed with another key.
"""

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from benches.tamper.files import MANIFEST, SIGNATURE, Files, canonical
from benches.tamper.media import TakenApart
from watchglass.recording.keys import SigningKey

OTHER_KEY = SigningKey(hashlib.sha256(b"somebody else").digest())
HOUR_NS = 3600 * 10**9
Change = Callable[[Files, Files], None]
"""Changes the first bundle; the second is another one of the same recorder, of another camera."""


@dataclass(frozen=True)
class Crafted:
    """``line`` has to say no, for one of the ``codes``; ``relist`` how the manifest is mended."""

    name: str
    change: Change
    line: str
    codes: frozenset[str]
    relist: str
    """``none``: it is left; ``own``: with the recorder's key; ``other``: with another one."""
    whole: bool = False
    """It is done to a bundle whose lines begin with line 0."""

    def made(self, bundle: Files, other: Files) -> Files:
        changed = bundle.copy()
        self.change(changed, other)
        if self.relist == "own":
            changed.relist()
        elif self.relist == "other":
            changed.relist(OTHER_KEY)
        return changed


ALL: list[Crafted] = []


def crafted(
    line: str, *codes: str, relist: str = "own", whole: bool = False
) -> Callable[[Change], Change]:
    def take(change: Change) -> Change:
        name = change.__name__.replace("_", " ").strip()
        ALL.append(Crafted(name, change, line, frozenset(codes), relist, whole))
        return change

    return take


def _apart(files: Files, which: int = 0) -> tuple[str, TakenApart]:
    """One of the files that lie inside the span, and are there from end to end."""
    manifest = files.manifest
    inside = {
        each["path"]
        for each in manifest["cameras"][0]["media"]
        if int(each["from"]) > int(manifest["from"]) and int(each["to"]) < int(manifest["to"])
    }
    told = [(name, TakenApart.of(files.held[name])) for name in files.media if name in inside]
    whole = [each for each in told if None not in each[1].fragments and len(each[1].fragments) > 4]
    return whole[which]


def _spoil(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


def _with(apart: TakenApart, index: int, piece: bytes | None) -> TakenApart:
    pieces = list(apart.fragments)
    pieces[index] = piece
    return replace(apart, fragments=pieces)


# --- pictures -------------------------------------------------------------------------------------


@crafted("intact", "file_changed", relist="none")
def a_byte_of_a_picture(files: Files, other: Files) -> None:
    name = files.media[0]
    files.held[name] = _spoil(files.held[name], len(files.held[name]) // 2)


@crafted("intact", "footer_bad", "root_other")
def a_byte_of_a_picture_listed_anew(files: Files, other: Files) -> None:
    a_byte_of_a_picture(files, other)


@crafted("intact", "root_other")
def a_byte_of_a_picture_hashed_anew(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    piece = apart.fragments[0]
    assert piece is not None
    files.held[name] = _with(apart, 0, _spoil(piece, len(piece) - 5)).joined(leaves=True)


def _in_box(files: Files, at: int, form: str, change: Callable[[int], int]) -> None:
    name, apart = _apart(files)
    piece = apart.fragments[0]
    assert piece is not None
    (value,) = struct.unpack_from(form, piece, at)
    made = piece[:at] + struct.pack(form, change(value)) + piece[at + struct.calcsize(form) :]
    files.held[name] = _with(apart, 0, made).joined(leaves=True)


@crafted("intact", "root_other", "footer_bad")
def the_time_of_arrival_in_a_fragment(files: Files, other: Files) -> None:
    _in_box(files, 80, ">q", lambda wall: wall - HOUR_NS)


@crafted("intact", "fragment_bad")
def the_media_time_of_a_fragment(files: Files, other: Files) -> None:
    _in_box(files, 68, ">Q", lambda media: media + 90_000)


@crafted("intact", "fragment_bad")
def the_number_of_a_fragment(files: Files, other: Files) -> None:
    _in_box(files, 60, ">Q", lambda number: number + 1)


@crafted("intact", "fragment_bad")
def the_camera_in_a_fragment(files: Files, other: Files) -> None:
    _in_box(files, 28, ">Q", lambda camera: camera ^ 1)


@crafted("intact", "fragment_bad", "footer_bad")
def the_length_of_a_sample(files: Files, other: Files) -> None:
    _in_box(files, 96 + 92, ">I", lambda size: size - 1)


@crafted("intact", "root_other", "footer_bad")
def the_duration_of_a_sample(files: Files, other: Files) -> None:
    _in_box(files, 96 + 88, ">I", lambda duration: duration + 1)


@crafted("intact", "fragment_bad")
def moof_and_mdat_in_another_order(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    piece = apart.fragments[0]
    assert piece is not None
    (moof,) = struct.unpack_from(">I", piece, 96)
    made = piece[:96] + piece[96 + moof :] + piece[96 : 96 + moof]
    files.held[name] = _with(apart, 0, made).joined(leaves=True)


@crafted("intact", "fragment_bad", "footer_bad")
def two_fragments_swapped(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    pieces = list(apart.fragments)
    pieces[0], pieces[1] = pieces[1], pieces[0]
    files.held[name] = replace(apart, fragments=pieces).joined(leaves=True)


@crafted("intact", "fragment_bad", "footer_bad")
def a_fragment_repeated(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    pieces = list(apart.fragments)
    pieces[1] = pieces[0]
    files.held[name] = replace(apart, fragments=pieces).joined(leaves=True)


@crafted("intact", "fragment_bad", "footer_bad")
def a_fragment_cut_out(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    at, piece = len(apart.header), apart.fragments[0]
    assert piece is not None
    files.held[name] = files.held[name][:at] + files.held[name][at + len(piece) :]


@crafted("complete", "fragment_left_out", "hole")
def a_fragment_left_out_in_the_middle(files: Files, other: Files) -> None:
    name, apart = _apart(files, 1)
    files.held[name] = _with(apart, len(apart.fragments) // 2, None).joined()


@crafted("complete", "fragment_left_out")
def the_first_fragments_left_out(files: Files, other: Files) -> None:
    name, apart = _apart(files, 1)
    files.held[name] = _with(_with(apart, 0, None), 1, None).joined()


@crafted("complete", "fragment_left_out")
def the_last_fragments_left_out(files: Files, other: Files) -> None:
    name, apart = _apart(files, 1)
    files.held[name] = _with(_with(apart, -1, None), -2, None).joined()


@crafted("complete", "fragment_left_out")
def all_fragments_left_out(files: Files, other: Files) -> None:
    name, apart = _apart(files, 1)
    files.held[name] = replace(apart, fragments=[None] * len(apart.fragments)).joined()


@crafted("intact", "fragment_bad")
def a_fragment_of_another_camera(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    files.held[name] = _with(apart, 0, _apart(other)[1].fragments[0]).joined(leaves=True)


@crafted("intact", "file_named")
def a_file_of_another_camera_in_its_place(files: Files, other: Files) -> None:
    files.held[files.media[0]] = other.held[other.media[0]]


@crafted("intact", "file_named")
def two_files_swapped(files: Files, other: Files) -> None:
    one, two = files.media[:2]
    files.held[one], files.held[two] = files.held[two], files.held[one]


@crafted("intact", "file_named")
def a_file_under_another_number(files: Files, other: Files) -> None:
    name = files.media[0]
    files.held[name.replace(".mp4", "9.mp4")] = files.held.pop(name)


@crafted("complete", "file_left_out")
def a_file_left_out(files: Files, other: Files) -> None:
    del files.held[files.media[1]]


@crafted("intact", "file_missing", relist="none")
def a_file_removed(files: Files, other: Files) -> None:
    del files.held[files.media[1]]


@crafted("intact", "file_extra", relist="none")
def a_file_added(files: Files, other: Files) -> None:
    files.held["media/note.txt"] = b"hello"


@crafted("intact", "file_strange")
def a_file_of_a_camera_that_is_not_exported(files: Files, other: Files) -> None:
    files.held[other.media[0]] = other.held[other.media[0]]


@crafted("intact", "header_other")
def the_codec_in_the_header(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    at = apart.header.index(b"avcC")
    header = _spoil(apart.header, at + 5)
    files.held[name] = replace(apart, header=header).joined(leaves=True)


@crafted("intact", "header_other")
def the_time_in_the_header(files: Files, other: Files) -> None:
    name, apart = _apart(files)
    header = apart.header[:-12] + struct.pack(">q", 1) + apart.header[-4:]
    files.held[name] = replace(apart, header=header).joined(leaves=True)


@crafted("intact", "fragment_bad", "footer_bad")
def no_footer(files: Files, other: Files) -> None:
    name = files.media[0]
    (offset,) = struct.unpack_from(">Q", files.held[name], len(files.held[name]) - 12)
    files.held[name] = files.held[name][:offset]


@crafted("intact", "footer_bad")
def another_root_in_the_footer(files: Files, other: Files) -> None:
    name = files.media[0]
    files.held[name] = _spoil(files.held[name], len(files.held[name]) - 20)


@crafted("intact", "footer_bad")
def something_behind_the_footer(files: Files, other: Files) -> None:
    files.held[files.media[0]] += b"hello"


@crafted("intact", "footer_bad")
def what_is_said_of_a_fragment_that_is_left_out(files: Files, other: Files) -> None:
    name, apart = _apart(files, 1)
    data = bytearray(_with(apart, len(apart.fragments) - 1, None).joined())
    data[-44 - 80 + 16 + 7] = 9
    files.held[name] = bytes(data)


# --- lines ----------------------------------------------------------------------------------------


def _lines(files: Files, change: Callable[[list[dict[str, Any]]], None], *, renumber: bool) -> None:
    rows = [json.loads(row) for row in files.rows(files.lines_name)]
    first = int(rows[0]["n"])
    change(rows)
    if renumber:
        for n, row in enumerate(rows, first):
            row["n"] = str(n)
    files.put_rows(files.lines_name, [canonical(row) for row in rows])
    manifest = files.manifest
    manifest["cameras"][0]["ledger"]["size"] = str(first + len(rows))
    files.put_manifest(manifest)


def _find(rows: list[dict[str, Any]], kind: str) -> int:
    return next(at for at, row in enumerate(rows) if row["type"] == kind)


@crafted("intact", "line_number", "head_other")
def a_line_removed(files: Files, other: Files) -> None:
    _lines(files, lambda rows: rows.__delitem__(len(rows) // 2), renumber=False)


@crafted("intact", "lines_root", "head_other")
def a_line_removed_and_the_rest_renumbered(files: Files, other: Files) -> None:
    _lines(files, lambda rows: rows.__delitem__(len(rows) // 2), renumber=True)


@crafted("intact", "lines_root", "head_other")
def a_gap_hidden(files: Files, other: Files) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        gap = rows[_find(rows, "gap_closed")]["gap"]
        rows[:] = [row for row in rows if row.get("gap") != gap]

    _lines(files, change, renumber=True)


@crafted("intact", "lines_root")
def another_cause_of_a_gap(files: Files, other: Files) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[_find(rows, "gap_opened")]["cause"] = "machine_off"

    _lines(files, change, renumber=False)


@crafted("intact", "lines_root")
def a_gap_made_longer(files: Files, other: Files) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        row = rows[_find(rows, "gap_closed")]
        row["wall"] = str(int(row["wall"]) + HOUR_NS)

    _lines(files, change, renumber=False)


@crafted("intact", "lines_root", "head_other")
def a_tombstone_hidden(files: Files, other: Files) -> None:
    _lines(files, lambda rows: rows.__delitem__(_find(rows, "files_deleted")), renumber=True)


@crafted("intact", "lines_root")
def a_tombstone_for_another_file(files: Files, other: Files) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[_find(rows, "files_deleted")]["files"][0][1] += 1

    _lines(files, change, renumber=False)


@crafted("intact", "lines_root")
def times_moved_by_an_hour(files: Files, other: Files) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["type"] == "placed":
                row["wall"] = str(int(row["wall"]) + HOUR_NS)

    _lines(files, change, renumber=False)


@crafted("intact", "line_number")
def two_lines_swapped(files: Files, other: Files) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[3], rows[4] = rows[4], rows[3]

    _lines(files, change, renumber=False)


@crafted("intact", "lines_root", "head_other")
def a_line_repeated(files: Files, other: Files) -> None:
    _lines(files, lambda rows: rows.insert(3, dict(rows[3])), renumber=True)


@crafted("intact", "lines_missing", "head_other")
def the_last_lines_removed(files: Files, other: Files) -> None:
    files.put_rows(files.lines_name, files.rows(files.lines_name)[:-2])


@crafted("intact", "line_bad")
def a_line_not_in_its_one_form(files: Files, other: Files) -> None:
    rows = files.rows(files.lines_name)
    rows[2] = rows[2].replace(b'","', b'", "', 1)
    files.put_rows(files.lines_name, rows)


@crafted("intact", "line_bad")
def a_line_without_an_end(files: Files, other: Files) -> None:
    files.held[files.lines_name] = files.held[files.lines_name][:-1]


@crafted("intact", "lines_root", "earlier_bad", "lines_bad")
def another_peak_on_the_left(files: Files, other: Files) -> None:
    manifest = files.manifest
    left = manifest["cameras"][0]["ledger"]["left"]
    if left:
        left[0] = "00" * 32
    else:
        left.append("00" * 32)
    files.put_manifest(manifest)


@crafted("intact", "head_other", "line_bad", "line_number", "lines_root", "lines_bad")
def the_ledger_of_another_camera(files: Files, other: Files) -> None:
    files.held[files.lines_name] = other.held[other.lines_name]


@crafted("intact", "earlier_bad")
def a_line_from_before_changed(files: Files, other: Files) -> None:
    rows = files.rows(files.earlier_name)
    entry = json.loads(rows[-1])
    entry["line"] = entry["line"].replace('"t":"1', '"t":"2', 1)
    files.put_rows(files.earlier_name, [*rows[:-1], canonical(entry)])


@crafted("intact", "head_key")
def no_key_from_before(files: Files, other: Files) -> None:
    rows = [row for row in files.rows(files.earlier_name) if b"public_key" not in row]
    files.put_rows(files.earlier_name, rows)


@crafted("intact", "text_bad")
def another_name_of_the_camera(files: Files, other: Files) -> None:
    rows = files.rows(files.texts_name)
    text = json.loads(rows[0])
    text["text"] = "Another gate"
    files.put_rows(files.texts_name, [canonical(text), *rows[1:]])


@crafted("intact", "file_missing")
def no_texts(files: Files, other: Files) -> None:
    del files.held[files.texts_name]


# --- heads ----------------------------------------------------------------------------------------


def _heads(
    files: Files, change: Callable[[list[dict[str, Any]]], None], key: SigningKey | None = None
) -> None:
    """Heads changed, each signed and chained anew where a key is given."""
    heads = [json.loads(row) for row in files.rows(files.heads_name)]
    change(heads)
    rows: list[bytes] = []
    for head in heads:
        if key is not None:
            if rows:
                head["prev"] = hashlib.sha256(rows[-1]).hexdigest()
            head.pop("sig", None)
            head["sig"] = key.sign(b"watchglass.head.v1\n" + canonical(head)).hex()
        rows.append(canonical(head))
    files.put_rows(files.heads_name, rows)
    manifest = files.manifest
    if rows:
        manifest["cameras"][0]["ledger"]["head"] = hashlib.sha256(rows[-1]).hexdigest()
    files.put_manifest(manifest)


@crafted("intact", "head_signature")
def heads_of_another_key(files: Files, other: Files) -> None:
    _heads(files, lambda heads: None, OTHER_KEY)


@crafted("intact", "head_key")
def heads_that_name_another_key(files: Files, other: Files) -> None:
    def change(heads: list[dict[str, Any]]) -> None:
        for head in heads:
            head["key"] = OTHER_KEY.key_id

    _heads(files, change, OTHER_KEY)


@crafted("intact", "head_signature")
def the_time_of_a_head(files: Files, other: Files) -> None:
    def change(heads: list[dict[str, Any]]) -> None:
        heads[-1]["t"] = str(int(heads[-1]["t"]) + HOUR_NS)

    _heads(files, change)


@crafted("intact", "lines_root")
def the_root_of_a_head(files: Files, other: Files) -> None:
    def change(heads: list[dict[str, Any]]) -> None:
        heads[-1]["root"] = "00" * 32

    _heads(files, change)


@crafted("intact", "head_chain")
def a_head_removed(files: Files, other: Files) -> None:
    _heads(files, lambda heads: heads.__delitem__(1))


@crafted("intact", "head_chain")
def two_heads_swapped(files: Files, other: Files) -> None:
    def change(heads: list[dict[str, Any]]) -> None:
        heads[0], heads[1] = heads[1], heads[0]

    _heads(files, change)


@crafted("intact", "head_other")
def no_heads(files: Files, other: Files) -> None:
    _heads(files, lambda heads: heads.clear())


@crafted("intact", "head_signature", "root_other")
def fewer_fragments_signed(files: Files, other: Files) -> None:
    def change(heads: list[dict[str, Any]]) -> None:
        next(head for head in heads if head["open"])["open"][0]["fragments"] -= 1

    _heads(files, change)


@crafted("complete", "ends_early", whole=True)
def rolled_back_to_an_earlier_head(files: Files, other: Files) -> None:
    _heads(files, lambda heads: heads.__delitem__(slice(3, None)))
    size = int(json.loads(files.rows(files.heads_name)[-1])["size"])
    rows = files.rows(files.lines_name)[:size]
    files.put_rows(files.lines_name, rows)
    _manifest(files, lambda m: m["cameras"][0]["ledger"].update(size=str(size)))
    closed = {
        f"{row['run']}-{row['sequence']:04d}"
        for row in map(json.loads, rows)
        if row["type"] == "file_closed"
    }
    for name in files.media:
        if name.rsplit("/", 1)[1].removesuffix(".mp4") not in closed:
            del files.held[name]


# --- the manifest ---------------------------------------------------------------------------------


def _manifest(files: Files, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = files.manifest
    change(manifest)
    files.put_manifest(manifest)


@crafted("intact", "signature_wrong", relist="none")
def the_reason_changed(files: Files, other: Files) -> None:
    _manifest(files, lambda manifest: manifest.update(reason="none"))


@crafted("intact", "head_key", relist="other")
def signed_by_somebody_else(files: Files, other: Files) -> None:
    pass


@crafted("from", "key_other", relist="other")
def signed_by_somebody_else_against_a_fingerprint(files: Files, other: Files) -> None:
    pass


@crafted("intact", "signature_wrong", relist="none")
def no_signature(files: Files, other: Files) -> None:
    files.held[SIGNATURE] = bytes(64)


@crafted("intact", "signature_wrong", relist="none")
def the_signature_of_another_bundle(files: Files, other: Files) -> None:
    files.held[SIGNATURE] = other.held[SIGNATURE]


@crafted("complete", "ends_early", "hole")
def an_end_that_is_later(files: Files, other: Files) -> None:
    _manifest(files, lambda m: m.update(to=str(int(m["to"]) + HOUR_NS)))


@crafted("complete", "begins_late", "hole", "fragment_left_out", "file_left_out")
def a_beginning_that_is_earlier(files: Files, other: Files) -> None:
    _manifest(files, lambda m: m.update({"from": str(int(m["from"]) - 2 * HOUR_NS)}))


@crafted("intact", "file_strange")
def another_stream(files: Files, other: Files) -> None:
    _manifest(files, lambda m: m["cameras"][0]["streams"][0].update(stream="sub"))


@crafted("intact", "file_missing")
def another_camera(files: Files, other: Files) -> None:
    _manifest(files, lambda m: m["cameras"][0].update(camera=other.camera))


@crafted("intact", "manifest_bad")
def no_camera(files: Files, other: Files) -> None:
    _manifest(files, lambda manifest: manifest.update(cameras=[]))


@crafted("intact", "manifest_bad", relist="none")
def a_manifest_with_a_member_twice(files: Files, other: Files) -> None:
    files.held[MANIFEST] = files.held[MANIFEST].replace(b'{"asked"', b'{"asked":1,"asked"', 1)
    files.sign()


@crafted("intact", "manifest_bad", relist="none")
def a_manifest_that_leads_out_of_the_folder(files: Files, other: Files) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["files"][0]["path"] = "../../etc/passwd"

    _manifest(files, change)
    files.sign()


@crafted("intact", "manifest_bad", relist="none")
def a_manifest_of_endless_lists(files: Files, other: Files) -> None:
    files.held[MANIFEST] = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    files.sign()


@crafted("intact", "manifest_bad", relist="none")
def a_manifest_of_a_later_version(files: Files, other: Files) -> None:
    _manifest(files, lambda manifest: manifest.update(v=2))
    files.sign()
