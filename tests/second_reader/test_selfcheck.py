"""The second reader itself, on bytes made by hand."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from . import canonical, handmade_site, merkle
from .__main__ import main
from .finding import FAILING, Finding
from .handmade import CAMERA, RUN, SECOND, START, File, leaves_of, ledger_lines, line, tree
from .handmade_site import FILES, FIRST, FOLDER, NAMES, Row, heads, rows, write_lines, write_site
from .heads import check_heads
from .ledger import raw_lines, read_ledger
from .mediafile import parse_media
from .report import read_site
from .timeline import Span, Timeline, unaccounted

FILE = File()


def failing(findings: list[Finding]) -> list[str]:
    return [f"{one.where}: {one.text}" for one in findings if one.kind in FAILING]


def kinds(findings: list[Finding]) -> set[str]:
    return {one.kind for one in findings}


def test_roots_follow_the_definition() -> None:
    leaves = [hashlib.sha256(bytes([i])).digest() for i in range(40)]
    for size in range(41):
        assert merkle.root(leaves[:size]) == tree(leaves[:size])
        assert merkle.roots_at(leaves, [size]) == {size: tree(leaves[:size])}


@pytest.mark.parametrize("sound", [True, False])
def test_a_valid_file_is_accepted(sound: bool) -> None:
    made = File(sound=sound)
    file = parse_media(made.whole)
    assert file.findings == []
    assert file.has_footer
    assert file.leaves == made.leaves
    assert file.root == tree(made.leaves)
    assert file.video_end == 180000


def test_a_later_file_of_a_run_is_accepted() -> None:
    made = File(sequence=3, first=17, media=1_234_567)
    assert parse_media(made.whole).findings == []
    assert parse_media(made.body).findings == []


@pytest.mark.full
def test_every_flipped_byte_of_a_closed_file_is_found() -> None:
    whole = FILE.whole
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x41
        found = parse_media(bytes(flipped)).findings
        # No hash is over the footer's reserved bytes, and nobody looks at them.
        reserved = [one.text for one in found] == ["reserved bytes of the footer that are not 0"]
        assert failing(found) or reserved, f"byte {place} of {len(whole)}"


@pytest.mark.full
def test_flipped_bytes_of_an_open_file_change_the_root() -> None:
    body, root = FILE.body, tree(FILE.leaves)
    for place in range(len(body)):
        flipped = bytearray(body)
        flipped[place] ^= 0x41
        assert parse_media(bytes(flipped)).root != root


def test_a_cut_file_is_torn_and_not_damaged() -> None:
    ends = [sum(map(len, FILE.parts[: count + 1])) for count in range(len(FILE.parts))]
    whole = FILE.whole
    for length in range(len(whole)):
        file = parse_media(whole[:length])
        clean = length in ends
        assert kinds(file.findings) == (set() if clean else {"torn"}), length
        assert len(file.leaves) == sum(end <= length for end in ends)
        assert file.torn == length - max([0, *(end for end in ends if end <= length)])


def test_a_hole_in_fragment_numbers_ends_an_open_file() -> None:
    parts = FILE.parts
    file = parse_media(b"".join([*parts[:2], *parts[3:]]))
    assert len(file.fragments) == 1
    assert kinds(file.findings) == {"torn"}


def test_bytes_after_the_footer_are_damage() -> None:
    assert failing(parse_media(FILE.whole + b"\x00").findings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("decode", 3), ("number", 7), ("wall", 5), ("media", 90001)],
)
def test_fields_at_odds_are_found_even_under_good_hashes(name: str, value: int) -> None:
    made = File()
    setattr(made.pieces[0], name, value)
    assert parse_media(made.whole).findings


def test_canonical_form() -> None:
    value: dict[str, object] = {"\ue000": 1, "\U0001f600": [True, None, 'é\n\x01/"']}
    text = '{"\U0001f600":[true,null,"é\\n\\u0001/\\""],"\ue000":1}'
    assert canonical.dump(value) == text.encode()
    assert canonical.problem(text.encode(), canonical.load(text.encode())) == ""
    assert canonical.problem(b'{"a": 1}', {"a": 1})
    with pytest.raises(canonical.NotCanonical):
        canonical.load(b'{"a":1,"a":2}')
    with pytest.raises(canonical.NotJson):
        canonical.load(b'{"a":NaN}')


def write_ledger(folder: Path, lines: list[bytes], rest: bytes = b"") -> None:
    write_lines(folder / "2023-11.jsonl", lines)
    with (folder / "2023-11.jsonl").open("ab") as stream:
        stream.write(rest)


def test_a_ledger_is_accepted(tmp_path: Path) -> None:
    lines = ledger_lines(rows())
    write_ledger(tmp_path, lines)
    ledger = read_ledger(tmp_path, CAMERA)
    assert ledger.findings == []
    assert ledger.root == tree(leaves_of(lines))


def test_a_ledger_goes_on_across_months(tmp_path: Path) -> None:
    lines = ledger_lines(rows())
    later = line(v=1, n=str(len(lines)), t=str(START + 30 * 86400 * SECOND), type="from_later")
    write_ledger(tmp_path, lines)
    write_lines(tmp_path / "2023-12.jsonl", [later])
    ledger = read_ledger(tmp_path, CAMERA)
    assert kinds(ledger.findings) == {"note"}
    assert ledger.root == tree(leaves_of([*lines, later]))


@pytest.mark.parametrize("missing", [0, 1, 4])
def test_a_hole_in_line_numbers_is_found(tmp_path: Path, missing: int) -> None:
    lines = ledger_lines(rows())
    write_ledger(tmp_path, lines[:missing] + lines[missing + 1 :])
    found = failing(read_ledger(tmp_path, CAMERA).findings)
    assert any(f"line {missing + 1} where {missing} is due" in one for one in found)


@pytest.mark.parametrize("rest", [b'{"n":"14"', b"{}", b"\x00\x00\n"])
def test_a_torn_last_line_is_no_damage(tmp_path: Path, rest: bytes) -> None:
    lines = ledger_lines(rows())
    write_ledger(tmp_path, lines, rest)
    ledger = read_ledger(tmp_path, CAMERA)
    assert kinds(ledger.findings) == {"torn"}
    assert ledger.root == tree(leaves_of(lines))


def test_other_broken_lines_are_damage(tmp_path: Path) -> None:
    good = ledger_lines(rows())
    for place, bad in (
        (3, b"{"),
        (3, good[3].replace(b",", b", ", 1)),
        (5, good[5].replace(b'"gap":"a', b'"gap":"G')),
        (12, good[12].replace(b"1700", b"1800")),
    ):
        write_ledger(tmp_path, [*good[:place], bad, *good[place + 1 :]])
        assert failing(read_ledger(tmp_path, CAMERA).findings), bad


def heads_over(folder: Path, times: list[int], leave_out: set[int]) -> list[Finding]:
    lines = ledger_lines(rows())
    write_ledger(folder, lines)
    chain = heads(lines, times, [7, *(len(lines) for _ in times[1:])])
    by_month: dict[str, list[bytes]] = {}
    for place, (time, one) in enumerate(zip(times, chain, strict=True)):
        if place not in leave_out:
            month = "2023-11" if time < 1_701_388_800 * SECOND else "2023-12"
            by_month.setdefault(month, []).append(one)
    for month, some in by_month.items():
        write_lines(folder / "heads" / f"{month}.jsonl", some)
    ledger = read_ledger(folder, CAMERA)
    return check_heads(list(raw_lines(folder / "heads")), ledger)[1]


HOUR = 3600 * SECOND
# Hour heads are the first, the fourth and the last but one.
TIMES = [START + after for after in (6, 7, 8, HOUR, HOUR + 1, 60 * HOUR, 60 * HOUR + 1)]


def test_chains_of_heads(tmp_path: Path) -> None:
    assert heads_over(tmp_path / "whole", TIMES, set()) == []
    thinned = heads_over(tmp_path / "thinned", TIMES, {1, 2, 4})
    assert kinds(thinned) == {"note"}
    assert failing(heads_over(tmp_path / "gone", TIMES, {3}))
    assert failing(heads_over(tmp_path / "first gone", TIMES, {0}))
    assert failing(heads_over(tmp_path / "young", TIMES[:5], {1}))


def test_every_changed_head_is_found(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    path = state / "ledger" / CAMERA / "heads" / "2023-11.jsonl"
    good = path.read_bytes()
    for place in range(0, len(good), 53):
        bad = bytearray(good)
        bad[place] ^= 1
        path.write_bytes(bytes(bad))
        found = read_site(state, [volume]).findings
        last = place >= good.rindex(b"\n", 0, -1)
        assert failing(found) or (last and "torn" in kinds(found)), place


def test_a_site_is_accepted(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    report = read_site(state, [volume])
    assert kinds(report.findings) <= {"note"}, report.findings
    assert report.timelines[CAMERA, "main"].spans == [
        Span(START + 2, FIRST, "starting"),  # from the `t` of `camera_added`
        Span(FIRST, FIRST + 4 * SECOND, "media"),
        Span(FIRST + 4 * SECOND, START + 20 * SECOND, "no_connection"),
    ]


@pytest.mark.parametrize(
    ("good", "bad"), [(b'"how":"live"', b'"how":"seen"'), (b'"look":"5', b'"look":"G')]
)
def test_a_look_that_is_none_is_found(tmp_path: Path, good: bytes, bad: bytes) -> None:
    state, volume = write_site(tmp_path)
    (ledger,) = (state / "ledger" / "site").glob("*.jsonl")
    whole = ledger.read_bytes()
    assert whole.count(good) == 2
    ledger.write_bytes(whole.replace(good, bad, 1))
    found = failing(read_site(state, [volume]).findings)
    assert any("not of the form" in one for one in found)


def test_a_clock_that_runs_back_over_a_month(tmp_path: Path) -> None:
    rest = [{"type": "sound_changed", "on": True, "t": str(START + 30 * 86400 * SECOND)}]
    lines = ledger_lines(rows())
    for number, time in enumerate((START + 30 * 86400 * SECOND, START), len(lines)):
        fields = {**rest[0], "v": 1, "n": str(number), "t": str(time)}
        lines.append(line(**fields))
    write_lines(tmp_path / "2023-11.jsonl", lines[:-2])
    write_lines(tmp_path / "2023-12.jsonl", lines[-2:])
    assert read_ledger(tmp_path, CAMERA).findings == []
    write_lines(tmp_path / "2023-11.jsonl", lines[:-1])
    write_lines(tmp_path / "2023-12.jsonl", lines[-1:])
    assert failing(read_ledger(tmp_path, CAMERA).findings)


def test_a_broken_fragment_ends_what_an_open_file_tells() -> None:
    body, ends = bytearray(FILE.body), [len(FILE.parts[0]), len(FILE.parts[0]) + len(FILE.parts[1])]
    body[ends[1] + 96 + 8 + 12] ^= 1  # in mfhd of the second fragment
    file = parse_media(bytes(body))
    assert kinds(file.findings) == {"torn"}
    assert (len(file.fragments), file.torn) == (1, len(body) - ends[1])


def test_what_looks_like_a_footer_is_none() -> None:
    """A file cut off inside a picture that holds the footer of another file."""
    file = parse_media(FILE.body + File(wall=5).whole[-600:])
    assert not file.has_footer
    assert len(file.fragments) == len(FILE.pieces)
    assert failing(file.findings)


def test_files_of_a_run_join_over_a_second(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    whole = rows()
    for late, spans in ((SECOND, 3), (SECOND + 1, 4)):
        whole[10] = {**whole[10], "wall": str(FIRST + 2 * SECOND + late)}
        write_lines(state / "ledger" / CAMERA / "2023-11.jsonl", ledger_lines(whole))
        assert len(read_site(state, [volume]).timelines[CAMERA, "main"].spans) == spans


def test_a_volume_that_is_not_at_hand(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    with_it, without = read_site(state, [volume]), read_site(state, [])
    assert without.timelines == with_it.timelines


def test_a_tombstone(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    gone: Row = {"type": "files_deleted", "cause": "retention", "files": [[RUN, 0, ""]]}
    write_lines(state / "ledger" / CAMERA / "2023-11.jsonl", ledger_lines([*rows(), gone]))
    media_path(volume, 0).unlink()
    report = read_site(state, [volume])
    assert report.timelines[CAMERA, "main"].spans[1] == Span(FIRST, FIRST + 2 * SECOND, "retention")
    assert "missing" not in kinds(report.findings)


def media_path(volume: Path, sequence: int) -> Path:
    return volume / FOLDER / f"{NAMES[sequence]}Z-{RUN}-{sequence:04d}.mp4"


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    media_path(volume, 0).unlink()
    report = read_site(state, [volume])
    assert kinds(report.findings) == {"missing"}
    spans = report.timelines[CAMERA, "main"].spans
    assert spans[1] == Span(FIRST, FIRST + 2 * SECOND, "media_missing")
    assert spans[2].what == "media"


def test_a_file_put_in_anothers_place(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    made = File(wall=FIRST, sound=False)
    made.pieces[0].sizes = [9, 7]
    media_path(volume, 0).write_bytes(made.whole)
    found = failing(read_site(state, [volume]).findings)
    assert any("root" in one and NAMES[0] in one for one in found)
    assert any("heads" in one and "root" in one for one in found)


def test_a_closed_file_without_its_footer(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    media_path(volume, 1).write_bytes(FILES[1].body)
    assert failing(read_site(state, [volume]).findings)


def test_gaps_inside_runs_and_holes(tmp_path: Path) -> None:
    state, volume = write_site(tmp_path)
    inside = {"gap": "a3" * 16, "stream": "main", "wall": str(FIRST), "run": RUN}
    whole = rows()
    del whole[-1]
    whole += [
        {"type": "gap_opened", "cause": "stalled", **inside, "media": "90000"},
        {"type": "gap_closed", **inside, "media": "135000"},
        {**rows()[-1], "wall": str(FIRST + 6 * SECOND)},
    ]
    del whole[-1]["run"]  # begins at its wall time, two seconds after the media
    write_lines(state / "ledger" / CAMERA / "2023-11.jsonl", ledger_lines(whole))
    report = read_site(state, [volume])
    made = report.timelines[CAMERA, "main"]
    assert [(span.start - FIRST, span.end - FIRST, span.what) for span in made.spans] == [
        (-5 * SECOND + 2, 0, "starting"),
        (0, SECOND, "media"),
        (SECOND, SECOND * 3 // 2, "stalled"),
        (SECOND * 3 // 2, 4 * SECOND, "media"),
        (6 * SECOND, 15 * SECOND, "no_connection"),
    ]
    assert unaccounted(made, 0, 2 * START) == [(FIRST + 4 * SECOND, FIRST + 6 * SECOND)]
    assert "hole" in kinds(report.findings)


def test_unaccounted_looks_only_where_it_must() -> None:
    spans = [Span(10, 20, "media"), Span(25, 30, "x")]
    made = Timeline(CAMERA, "main", spans, [(8, 27), (40, 50)], [])
    assert unaccounted(made, 0, 45) == [(8, 10), (20, 25), (40, 45)]
    assert unaccounted(made, 12, 18) == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, volume = write_site(tmp_path)
    assert main(["--state", str(state), "--volume", str(volume)]) == 0
    assert json.loads(capsys.readouterr().out)["fails"] is False
    (volume / "volume.json").unlink()
    assert main([str(state), str(volume)]) == 1


def test_the_sizes_of_the_page() -> None:
    """That the hand-made payloads are as long as the page says."""
    assert struct.calcsize(">BBH16s16sIQQIIqI") == 76
    assert struct.calcsize(">BBBB16s16sQQIqQ") == 72
    assert struct.calcsize(">QIBBHQIIq32sQ") == 80
    assert hashlib.sha256(handmade_site.PUBLIC).hexdigest()[:16] == handmade_site.KEY
