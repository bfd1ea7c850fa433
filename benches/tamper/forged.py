"""Bundles forged by somebody who holds the recorder's key, and makes everything anew with it.

Nothing inside such a bundle can contradict itself. Only what somebody took away earlier, an anchor,
tells it from a true one.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from benches.tamper.files import Files, canonical
from benches.tamper.media import TakenApart, root_of
from watchglass.recording.merkle import Frontier, leaf_hash

Rows = list[dict[str, Any]]
HOUR_NS = 3600 * 10**9
Change = Callable[[Files, Rows], None]


def forged(bundle: Files, change: Callable[[Files, Rows], None]) -> Files:
    """A bundle whose lines begin with line 0, rewritten, and every head signed anew."""
    files = bundle.copy()
    # Stamps of what was there before would contradict it: whoever forges leaves them out.
    for name in [each for each in files.held if each.startswith("anchors/")]:
        del files.held[name]
    rows: Rows = [json.loads(row) for row in files.rows(files.lines_name)]
    kept = [dict(row) for row in rows]
    change(files, rows)
    places = {id(row): n for n, row in enumerate(rows)}
    assert len(rows) == len(kept) or places
    for n, row in enumerate(rows):
        row["n"] = str(n)
    raws = [canonical(row) for row in rows]
    files.put_rows(files.lines_name, raws)
    shrunk = len(kept) - len(rows)
    heads = [json.loads(row) for row in files.rows(files.heads_name)]
    frontier, roots = Frontier(), {0: ""}
    for n, raw in enumerate(raws, 1):
        frontier.append(leaf_hash(raw))
        roots[n] = frontier.root().hex()
    made: list[bytes] = []
    for head in heads:
        size = max(1, min(len(rows), int(head["size"]) - shrunk))
        head["size"], head["root"] = str(size), roots[size]
        if made:
            head["prev"] = hashlib.sha256(made[-1]).hexdigest()
        head.pop("sig")
        head["sig"] = files.key.sign(b"watchglass.head.v1\n" + canonical(head)).hex()
        made.append(canonical(head))
    files.put_rows(files.heads_name, made)
    manifest = files.manifest
    ledger = manifest["cameras"][0]["ledger"]
    ledger["head"], ledger["size"] = hashlib.sha256(made[-1]).hexdigest(), str(len(rows))
    files.put_manifest(manifest)
    return files.relist()


def another_cause(files: Files, rows: Rows) -> None:
    """The recorder was stopped, and is said to have lost its camera."""
    for row in rows:
        if row["type"] == "gap_opened":
            row["cause"] = "camera_dropped"


def another_hour(files: Files, rows: Rows) -> None:
    """Everything happened an hour earlier."""
    for row in rows:
        for name in ("t", "wall"):
            if name in row:
                row[name] = str(int(row[name]) - HOUR_NS)
    manifest = files.manifest
    for name in ("from", "to"):
        manifest[name] = str(int(manifest[name]) - HOUR_NS)
    files.put_manifest(manifest)


def another_picture(files: Files, rows: Rows) -> None:
    """A picture is another one; leaf, root and line are made to fit."""
    told = {(row["run"], row["sequence"]): row for row in rows if row["type"] == "file_closed"}
    for name in files.media:
        run, sequence = name.rsplit("/", 1)[1].removesuffix(".mp4").split("-")
        closed = told.get((run, int(sequence)))
        apart = TakenApart.of(files.held[name])
        piece = apart.fragments[0]
        if closed is None or piece is None:
            continue
        spoilt = piece[:-40] + bytes(40)
        pieces = [spoilt, *apart.fragments[1:]]
        made = TakenApart(apart.header, pieces, apart.entries).joined(leaves=True)
        files.held[name] = made
        closed["root"] = root_of(made)
        return
    raise AssertionError("no file is closed")


ALL = (another_cause, another_hour, another_picture)
