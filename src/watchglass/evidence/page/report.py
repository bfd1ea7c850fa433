"""The report of a bundle: plain words for whoever has to judge it, no script, one file.

It says what the recorder says, and how to check it; it proves nothing itself.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from watchglass.evidence.page.pages import style

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOW = {
    "live": "watched it live", "playback": "played it back", "clip": "took a clip",
    "evidence": "took an evidence bundle",
    "redacted": "had a redacted copy made",
}  # fmt: skip
_MOST_ROWS = 200
_CLOCK = {
    "yes": "When the bundle was made, the recorder's system said that something (such as NTP) "
    "keeps its clock right. That says nothing of the clock at the time of recording.",
    "no": "When the bundle was made, the recorder's system said that nothing keeps its clock "
    "right: it may be wrong by any amount.",
    "unknown": "The recorder's system did not say whether something keeps its clock right.",
}


def report_page(manifest: Mapping[str, Any]) -> bytes:
    """The page, from the fields of the manifest."""
    parts = [
        _head(manifest), _consent(manifest), *map(_camera, manifest["cameras"]), _clock(manifest),
        _left_out(manifest), _analysed(manifest), _viewed(manifest), _check(manifest), _limits(),
    ]  # fmt: skip
    body = "\n".join(parts)
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Report on an evidence bundle</title>\n<style>\n{style()}</style>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def _head(manifest: Mapping[str, Any]) -> str:
    rows = [
        ("From", _when(manifest["from"])),
        ("To", _when(manifest["to"])),
        ("Cameras", ", ".join(str(each["name"]) for each in manifest["cameras"])),
        ("Taken by", str(manifest["by"])),
        ("Because", str(manifest["reason"])),
        ("Made", f"{_when(manifest['made'])}, by {manifest['program']}"),
        ("Number", str(manifest["bundle"])),
    ]
    asked = manifest["asked"]
    later = int(asked["to"]) - int(manifest["to"])
    note = ""
    if later > 10**9:
        note = (
            f'<p class="note">Asked for until {_when(asked["to"])}: what comes after the end was '
            "not signed yet.</p>"
        )
    return (
        "<h1>Report on an evidence bundle</h1>\n"
        "<p>This folder holds recordings of the cameras below, byte for byte as the recorder wrote "
        "them, and what is needed to check that they were not changed. This page says what the "
        "recorder says of them. It proves nothing by itself: the check does, and it is described "
        'at the end. The recordings are shown by the <a href="player.html">player</a>.</p>\n'
        + _table([], rows)
        + note
    )


def _camera(camera: Mapping[str, Any]) -> str:
    rows = [("Camera", f"{camera['name']} ({camera['camera']})")]
    rows.append(("Device", _devices(camera)))
    if camera["unmasked"]:
        rows.append(
            ("Masks", "Parts of this camera's picture are hidden from those who use the recorder. "
             "They are not hidden here: the bundle is the recording itself.")
        )  # fmt: skip
    made = [f"<h2>{escape(str(camera['name']))}</h2>", _table([], rows)]
    damaged = sum(each["damaged"] for each in camera["media"])
    if damaged:
        made.append(
            f'<p class="note">{damaged} parts of its recordings are damaged on the recorder\'s '
            "disk, and are missing here.</p>"
        )
    for stream in camera["streams"]:
        name = "Main stream" if stream["stream"] == "main" else "Second stream"
        folder = f"/{stream['stream']}/"
        files = [each for each in camera["media"] if folder in each["path"]]
        shown = sum(int(each["to"]) - int(each["from"]) for each in files)
        sound = "" if stream["sound"] else " Sound, where it was recorded, is left out."
        made.append(
            f"<p>{name}: {len(files)} {'file' if len(files) == 1 else 'files'}, "
            f"{_length(shown)}.{sound}</p>"
        )
        copies = sum("viewing" in each for each in files)
        if copies:
            made.append(
                f'<p class="note">Of {copies} of them there is a <b>viewing copy</b> in the folder '
                "<code>viewing</code>, for the player: pictures made anew, smaller and without "
                "sound, as many browsers do not play what the camera sent. It is no evidence, and "
                "nothing proves that it shows the same: the recording does.</p>"
            )
        gaps = [
            (_when(each["from"]), _when(each["to"]),
             _length(int(each["to"]) - int(each["from"])), str(each["words"]))
            for each in stream["gaps"]
        ]  # fmt: skip
        if gaps:
            made.append("<p>Not recorded, and why:</p>")
            made.append(_table(["From", "To", "Length", "Why"], gaps))
        else:
            made.append("<p>Nothing is missing between from and to.</p>")
    return "\n".join(made)


def _devices(camera: Mapping[str, Any]) -> str:
    """What stood in the camera's place in the span, and from when on."""
    found = camera["devices"]
    if len(found) < 2:
        return str(camera["device"] or "not known to the recorder")
    first, *later = ((each["identity"] or "one that is not known", each["since"]) for each in found)
    return "; ".join(
        [f"at first {first[0]}", *(f"from {_when(since)} on {what}" for what, since in later)]
    )


def _clock(manifest: Mapping[str, Any]) -> str:
    told = _CLOCK.get(manifest["clock"]["synchronised"], _CLOCK["unknown"])
    return (
        "<h2>How good the times are</h2>\n"
        "<p>All times are UTC, by the recorder's own clock: a picture's time is when it "
        f"arrived, less what its stream shows to have been delay. {escape(told)} Times that a "
        "camera writes into its picture are the camera's own.</p>"
    )


def _left_out(manifest: Mapping[str, Any]) -> str:
    told = manifest["told"]
    names = {each["camera"]: each["name"] for each in manifest["cameras"]}
    around = []
    for each, side in [*((e, "before") for e in told["before"]),
                       *((e, "after") for e in told["after"])]:  # fmt: skip
        length = _length(int(each["to"]) - int(each["from"]))
        there = f"{_length(each['recorded_s'] * 10**9)} of them recorded, not in this bundle"
        around.append(
            (str(names.get(each["camera"], each["camera"])), f"the {length} {side}",
             there if each["recorded_s"] else "nothing is recorded")
        )  # fmt: skip
    others = [(str(each["name"]), _length(each["recorded_s"] * 10**9)) for each in told["others"]]
    made = ["<h2>What is not in this bundle</h2>", _table(["Camera", "When", "What"], around)]
    if others:
        made.append("<p>Other cameras of the same recorder recorded at that time:</p>")
        made.append(_table(["Camera", "Recorded in the span"], others))
    else:
        made.append("<p>No other camera of this recorder recorded at that time.</p>")
    made.append(
        "<p>Everything else that the recorder has of other times and cameras is not here "
        "either.</p>"
    )
    return "\n".join(made)


def _analysed(manifest: Mapping[str, Any]) -> str:
    """What programs looked at, and what not: no finding means nothing where nobody looked."""
    names = {each["camera"]: each["name"] for each in manifest["cameras"]}
    rows, off = [], []
    for each in manifest["told"]["analysis"]:
        name = str(names.get(each["camera"], each["camera"]))
        rows.append(
            (name, _length(each["analysed_s"] * 10**9), _length(each["quiet_s"] * 10**9),
             _length(sum(int(one["to"]) - int(one["from"]) for one in each["off"])))
        )  # fmt: skip
        off += [(name, _when(one["from"]), _when(one["to"]), str(one["words"]))
                for one in each["off"]]  # fmt: skip
    made = [
        "<h2>What programs looked at</h2>\n<p>The recorder can have programs look for what moves, "
        "and for people and vehicles. What they found is not in this bundle. Where they did not "
        "look, that nothing was found says nothing.</p>",
        _table(["Camera", "Looked at", "Nothing moved", "Not looked at"], rows),
    ]
    if off:
        made.append("<p>Not looked at, and why:</p>")
        made.append(_table(["Camera", "From", "To", "Why"], off[:_MOST_ROWS]))
    if len(off) > _MOST_ROWS:
        made.append(f"<p>And {len(off) - _MOST_ROWS} more, which the manifest lists.</p>")
    return "\n".join(made)


def _consent(manifest: Mapping[str, Any]) -> str:
    """Of a second person; nothing where none was demanded."""
    told = manifest["consent"]
    why = f": {escape(str(told['reason']))}" if told.get("reason") else ""
    match told["state"]:
        case "given":
            who = escape(str(told["by"]))
            return (
                f'<p class="note">A second person agreed to this bundle: {who}, '
                f"on {_when(told['at'])}{why}.</p>"
            )
        case "emergency":
            due = f" by {_when(told['review_due'])}" if "review_due" in told else ""
            return (
                '<p class="note">This bundle was made in an <b>emergency</b>, by one person, where '
                f"a second one's consent is demanded. A second person has to review it{due}; ask "
                "the operator of the recorder what came of it.</p>"
            )
        case _:
            return "<p>No second person's consent was demanded for it.</p>"


def _viewed(manifest: Mapping[str, Any]) -> str:
    names = {each["camera"]: each["name"] for each in manifest["cameras"]}
    rows = [
        (_when(each["noted"]), str(each["by"]), str(names.get(each["camera"], "")),
         _HOW.get(each["how"], str(each["how"])) + (", without masks" if each["unmasked"] else ""),
         f"{_when(each['from'])} to {_when(each['to']) if each['to'] else 'no end noted'}")
        for each in manifest["told"]["viewed"]
    ]  # fmt: skip
    if not rows:
        return "<h2>Who has viewed it</h2>\n<p>Nobody is noted to have viewed it.</p>"
    return (
        "<h2>Who has viewed it</h2>\n<p>By the recorder's log, this bundle among them; names are "
        "kept there for a time, and then erased.</p>\n"
        + _table(["When", "Who", "Camera", "What", "Footage"], rows)
    )


def _check(manifest: Mapping[str, Any]) -> str:
    key = escape(str(manifest["key"]["fingerprint"]))
    return (
        "<h2>How to check it</h2>\n<ol>\n"
        "<li>Ask the operator of the recorder for the fingerprint of its key, by another way than "
        f"this bundle. That of the key in it is<br><code>{key}</code><br>which proves nothing: "
        "whoever makes a bundle can make a key.</li>\n"
        '<li>In a browser: open <a href="verify.html">verify.html</a>, choose this folder and '
        "enter the fingerprint. Or, with Python 3.9 or later: "
        "<code>python3 verify.py --fingerprint …</code></li>\n"
        "<li>Read the four answers, each yes, no, or cannot tell, with its reason: whether it is "
        "<b>intact</b>; whether it is <b>complete</b>; whether it is <b>placed in time</b> by a "
        "witness from outside; and whether it is <b>from this recorder</b>. No single answer "
        "stands for all four.</li>\n</ol>\n"
        "<p>The format is published, so that anybody can write a check of their own.</p>"
    )


def _limits() -> str:
    return (
        "<h2>What no check can show</h2>\n"
        "<p>That a camera showed what was there: its picture may have been staged, or the camera "
        "replaced by another device. That the recorder's clock was right. And, without a witness "
        "from outside (an anchor), that whoever holds the recorder's key did not make all of this "
        "anew.</p>"
    )


def _table(heads: list[str], rows: Iterable[tuple[str, ...]]) -> str:
    made = ['<table class="told">']
    if heads:
        cells = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
        made.append(f"<thead><tr>{cells}</tr></thead>")
    for row in rows:
        if heads:
            # On a narrow screen each cell says itself what it is.
            cells = "".join(
                f'<td data-head="{escape(head)}">{escape(each)}</td>'
                for head, each in zip(heads, row, strict=True)
            )
        else:
            first, *rest = map(escape, row)
            cells = f'<th scope="row">{first}</th>' + "".join(f"<td>{each}</td>" for each in rest)
        made.append(f"<tr>{cells}</tr>")
    return "\n".join([*made, "</table>"])


def _when(ns: str) -> str:
    at = _EPOCH + timedelta(microseconds=int(ns) // 1000)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def _length(ns: int) -> str:
    seconds = max(0, ns) / 1e9
    if seconds < 60:
        return f"{seconds:.1f} seconds"
    hours, minutes = divmod(round(seconds) // 60, 60)
    words = f"{minutes} min {round(seconds) % 60} s"
    return f"{hours} h {words}" if hours else words
