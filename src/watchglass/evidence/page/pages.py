"""The pages of a bundle that need a browser: its player, and its check."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

_NS_PER_MS = 1_000_000


def style() -> str:
    return _own("style.css")


def verify_page() -> bytes:
    """The check: one file, which takes nothing from elsewhere."""
    page = _own("verify.html").replace("/*STYLE*/", style())
    return page.replace("/*SCRIPT*/", _own("verify.js")).encode()


def verify_script() -> bytes:
    """The check as a program of one file."""
    return (resources.files("watchglass.evidence") / "verify.py").read_bytes()


def player_page(manifest: Mapping[str, Any]) -> bytes:
    """The player: what it shows is in it, so that a folder is all it needs."""
    data = {
        "from": _ms(manifest["from"]),
        "to": _ms(manifest["to"]),
        "cameras": [
            _tile(camera, stream) for camera in manifest["cameras"] for stream in camera["streams"]
        ],
    }
    # In a script element nothing but its end is read as HTML.
    embedded = json.dumps(data).replace("<", "\\u003c")
    page = _own("player.html").replace("/*STYLE*/", style())
    return page.replace("/*DATA*/", embedded).encode()


def _tile(camera: Mapping[str, Any], stream: Mapping[str, Any]) -> dict[str, Any]:
    folder = f"media/{camera['camera']}/{stream['stream']}/"
    return {
        "name": camera["name"],
        "stream": stream["stream"],
        "sound": stream["sound"],
        "files": [
            {
                "path": each["path"], "codec": each["codec"], "from": _ms(each["from"]),
                "to": _ms(each["to"]), "starts": int(each["starts"]) / 90_000,
                "viewing": each.get("viewing", ""),
            }
            for each in camera["media"]
            if each["path"].startswith(folder)
        ],
        "gaps": [
            {"from": _ms(each["from"]), "to": _ms(each["to"]), "words": each["words"]}
            for each in stream["gaps"]
        ],
    }  # fmt: skip


def _ms(ns: str) -> float:
    return int(ns) / _NS_PER_MS


def _own(name: str) -> str:
    return (resources.files(__package__ or "") / name).read_text(encoding="utf-8")
