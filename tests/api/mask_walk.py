"""Every route that hands out bytes, and the pictures that a user gets from each of them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from fastapi.routing import APIRoute, APIWebSocketRoute
from numpy.typing import NDArray
from starlette.routing import BaseRoute
from websockets.exceptions import ConnectionClosed

from tests.api.recorded import Browser, live_link, pictures
from tests.media.numbered import luma_of

API = "/api/v1"
MEDIA = API + "/media/{camera}/{stream}/{run}/{sequence}"
NO_PICTURES = {
    "/{path:path}": "the files of the page",
    "/metrics": "numbers",
    "/healthz": "a word",
    API + "/trust/fleet": "devices, as JSON that was made before",
    API + "/trust/devices/{device}": "a device, as JSON that was made before",
    API + "/trust/containment": "rules for a firewall",
    API + "/trust/report.{kind}": "a report of devices",
    API + "/trust/devices/{device}/page.html": "what became of a device, in words",
    API + "/trust/documents/{document}": "what somebody attached, such as a receipt of disposal",
    API + "/cameras/{camera}/erasures/{erasure}/receipt": "what was erased, in words and hashes",
    API + "/cameras/{camera}/erasures/{erasure}/receipt.html": "the same, as a page",
    API + "/requests/{request_id}/held": "what is held of a time, as a table",
    API + "/requests/{request_id}/held.html": "the same, as a page without pictures",
    API + "/anchors/heads": "hashes and signatures",
    API + "/counts.csv": "a table of numbers",
    API + "/cameras/probe": "what a camera shows that is not recorded yet, and has no mask",
    API + "/changes": "events without pictures",
    API + "/notice-ways/{way}/try": "nothing: a notice is sent elsewhere, in words",
    API + "/ptz/{camera}": "orders to move, and what became of them",
}
"""Routes of bytes in which no picture of a camera can be, and why."""

ELSEWHERE = {
    API + "/exports/{export}/file": "test_exports.py",
    API + "/redactions/{redaction}/files/{part}": "test_redactions.py",
    API + "/cameras/{camera}/imported/{footage}/video.mp4": "test_imported.py",
}
"""Routes of bytes that masks do not change: who may not see without them gets nothing."""

Luma = NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """A picture that came out. ``full``: its levels are those of JPEG."""

    of: str
    luma: Luma
    full: bool = False


@dataclass(frozen=True)
class Refusal:
    """What was answered instead of a picture."""

    of: str
    status: int
    code: str


Found = list[Shown | Refusal]
Walk = Callable[[Browser, str, str, list[int]], Found]


def byte_routes(routes: Sequence[BaseRoute]) -> set[str]:
    """The paths of all routes whose answer is not a document of the API, WebSockets among them."""
    return {
        route.path
        for route in routes
        if isinstance(route, APIWebSocketRoute)
        or (
            isinstance(route, APIRoute)
            and route.response_model is None
            and route.status_code not in (201, 204)
        )
    }


def refusal(of: str, answer: Any) -> Refusal:
    return Refusal(of, answer.status_code, answer.json()["code"])


# --- the ways ---------------------------------------------------------------------------------


def stills(path: str, widths: Sequence[int]) -> Walk:
    def walk(browser: Browser, camera: str, stream: str, moments: list[int]) -> Found:
        found: Found = []
        url = path.format(camera=camera, stream=stream)
        asked: list[dict[str, int]] = [{"at_ms": each} for each in moments]
        for each in [*asked, {}]:
            for width in widths:
                of = f"{url} {each} {width}"
                answer = browser.get(url, params=each | {"width": width})
                if answer.status_code == 200:
                    found.append(Shown(of, luma_of(answer.content), full=True))
                else:
                    found.append(refusal(of, answer))
        return found

    return walk


def playback(browser: Browser, camera: str, stream: str, moments: list[int]) -> Found:
    """What the recorder itself says is to be played."""
    found: Found = []
    for form in ("plain", "converted"):
        url = f"{API}/playback/{camera}/{stream}?at_ms={moments[0]}&form={form}"
        answer = browser.get(url)
        if answer.status_code != 200:
            found.append(refusal(url, answer))
            continue
        for piece in answer.json()["pieces"]:
            video = piece["video"]
            found += fetched(browser, [video["init_url"], *(s["url"] for s in video["segments"])])
    return found


def forced(browser: Browser, camera: str, stream: str, moments: list[int]) -> Found:
    """The camera's own bytes, whatever is said to be played."""
    answer = browser.get(f"{API}/playback/{camera}/{stream}?at_ms={moments[0]}")
    if answer.status_code != 200:
        return [refusal("plan", answer)]
    found: Found = []
    for piece in answer.json()["pieces"]:
        video = piece["video"]
        urls = [video["init_url"], *(each["url"] for each in video["segments"])]
        found += fetched(browser, [url.replace("/converted/", "/video/") for url in urls])
    return found


def fetched(browser: Browser, urls: list[str]) -> Found:
    parts = []
    for url in urls:
        answer = browser.get(url)
        if answer.status_code != 200:
            answers = [(each, browser.get(each)) for each in urls]
            # A header has no picture in it.
            assert all("/init" in each for each, got in answers if got.status_code == 200)
            return [refusal(each, got) for each, got in answers if got.status_code != 200]
        parts.append(answer.content)
        # A browser that has an older answer asks with its tag.
        tag = {"If-None-Match": answer.headers["etag"]}
        assert browser.get(url, headers=tag).status_code == 304
    return [
        Shown(f"{urls[0].partition('?')[0]} #{number}", _luma(picture))
        for number, picture in enumerate(pictures(b"".join(parts)))
    ]


def live(browser: Browser, camera: str, stream: str, moments: list[int]) -> Found:
    found: Found = []
    for form in ("plain", "converted"):
        url = f"{API}/live/{camera}/{stream}?form={form}"
        parts, said = _live_parts(browser, url)
        if said:
            found.append(Refusal(url, 1013, said))
        elif parts:
            found += [Shown(url, _luma(each)) for each in pictures(b"".join(parts))]
    return found


def _live_parts(browser: Browser, url: str) -> tuple[list[bytes], str]:
    parts: list[bytes] = []
    link = live_link(browser.origin + url, browser.origin, browser.headers())
    with link:
        try:
            while len(parts) < 2:
                message = link.recv(timeout=20)
                if isinstance(message, bytes):
                    parts.append(message)
                elif (told := json.loads(message))["type"] == "refused":
                    return [], str(told["sentence"])
        except ConnectionClosed:
            return [], "closed"
    return parts, ""


def clip(browser: Browser, camera: str, stream: str, moments: list[int]) -> Found:
    url = f"{API}/clips/{camera}"
    body = {"stream": stream, "from_ms": moments[0], "to_ms": moments[0] + 3000}
    answer = browser.send("POST", url, body)
    if answer.status_code != 201:
        return [refusal(url, answer)]
    found: Found = []
    for number, file in enumerate(answer.json()["files"]):
        got = browser.get(file["url"])
        of = f"{url} {stream} {number}"
        if got.status_code != 200:
            found.append(refusal(of, got))
        else:
            found += [Shown(of, _luma(each)) for each in pictures(got.content)]
    return found


def masked_clip(browser: Browser, camera: str, stream: str, moments: list[int]) -> Found:
    url = f"{API}/masked-clips/{camera}/{stream}"
    answer = browser.get(url, params={"from_ms": moments[0], "to_ms": moments[0] + 3000})
    if answer.status_code != 200:
        return [refusal(url, answer)]
    return [
        Shown(f"{url} {number}", _luma(each))
        for number, each in enumerate(pictures(answer.content))
    ]


WALKS: dict[str, Walk] = {
    API + "/thumbnail/{camera}": stills(API + "/thumbnail/{camera}", (160, 320)),
    API + "/still/{camera}/{stream}": stills(API + "/still/{camera}/{stream}", (320, 1280)),
    MEDIA + "/converted/init": playback,
    MEDIA + "/converted/{first}-{last}": playback,
    MEDIA + "/{track}/init": forced,
    MEDIA + "/{track}/{first}-{last}": forced,
    API + "/live/{camera}/{stream}": live,
    API + "/clips/{camera}/{clip}/{number}": clip,
    API + "/masked-clips/{camera}/{stream}": masked_clip,
}
"""How each of them is asked for pictures. A route that is in neither table fails the test."""


def walk(browser: Browser, camera: str, moments: list[int]) -> Iterator[Shown | Refusal]:
    """All pictures of a camera that a user can get by any route."""
    for each in dict.fromkeys(WALKS.values()):
        for stream in ("main", "sub"):
            yield from each(browser, camera, stream, moments)


def _luma(picture: av.VideoFrame) -> Luma:
    return picture.to_ndarray()[: picture.height].astype(np.uint8)
