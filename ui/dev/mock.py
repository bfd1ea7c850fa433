"""A recorder that is not one: the API's shapes with real H.264 bytes, for work on the page and its tests.

    python ui/dev/mock.py [--port 8420] [--setup]

The password is "watchglass demo". Time runs as it does; what was recorded follows from the clock, so that
nothing is kept. GET /mock/stall?camera=street&on=1 holds a camera's live pictures back.
"""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from watchglass.base.ids import CameraId, RunId
from watchglass.media.header import file_header
from watchglass.model.stream import StreamName, Track, VideoCodec, VideoParameters
from watchglass.recording.fragment import FragmentInfo, Sample, encode_fragment, flags_of
from watchglass.simulate.camera_kind import CameraSpec, Size, cameras
from watchglass.simulate.loop import Loop, LoopSpec
from watchglass.simulate.loop_cache import load_loop

BUILT = Path(__file__).resolve().parents[2] / "src/watchglass/api/ui"
PASSWORD = "watchglass demo"
S, MIN, H, DAY = 1000, 60_000, 3_600_000, 86_400_000
FILE_S = 60
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


STARTED = now_ms()


@dataclass
class Cam:
    id: str
    name: str
    spec: CameraSpec
    # (from, to or None, cause): before now when the mock began; negative numbers
    gaps: list[tuple[int, int | None, str]]
    since: int = -12 * DAY
    sentence: str = ""
    paused: list[dict[str, Any]] = field(default_factory=list)

    def gap_spans(self) -> list[tuple[int, int, str]]:
        n = now_ms()
        found = [(STARTED + a, n if b is None else STARTED + b, c) for a, b, c in self.gaps]
        return found + [(p["from"], p["to"] or n, "paused") for p in self.paused]

    def open_gap(self) -> tuple[int, str] | None:
        for a, b, c in self.gaps:
            if b is None:
                return STARTED + a, c
        for p in self.paused:
            if p["to"] is None:
                return p["from"], "paused"
        return None

    def runs(self) -> list[tuple[int, int]]:
        """Spans with media, oldest first."""
        at, found = STARTED + self.since, []
        for a, b, _ in sorted(self.gap_spans()):
            if a > at:
                found.append((at, a))
            at = max(at, b)
        if at < now_ms():
            found.append((at, now_ms()))
        return found


SIZE = Size(width=1280, height=720, fps=15, seconds=20)
A, B, C, D = cameras(4, "mix", SIZE)
CAMS = [
    Cam(
        "street",
        "Main gate",
        A,
        [
            (-40 * MIN, -40 * MIN + 1000, "stalled"),
            (-9 * MIN, -9 * MIN + 38_000, "camera_unreachable"),
            (-3 * DAY, -3 * DAY + H, "machine_off"),
        ],
    ),
    Cam(
        "yard",
        "Yard north",
        B,
        [
            (-5 * H - 27 * MIN, -5 * H - 14 * MIN, "camera_unreachable"),
            (-3 * DAY, -3 * DAY + H, "machine_off"),
        ],
    ),
    Cam(
        "gate",
        "Bicycles",
        C,
        [(-3 * DAY, -3 * DAY + H, "machine_off"), (-26 * H, -25 * H, "disk_full")],
    ),
    Cam(
        "hall",
        "Hall",
        D,
        [(-3 * DAY, -3 * DAY + H, "machine_off"), (-3 * H - 28 * MIN, None, "auth_failed")],
    ),
    Cam(
        "lane", "Car park", D, [(-3 * DAY, -3 * DAY + H, "machine_off"), (-9 * H, -6 * H, "paused")]
    ),
    Cam(
        "shop",
        "Workshop",
        B,
        [(-3 * DAY, -3 * DAY + H, "machine_off"), (-40 * DAY, -12 * DAY, "retention")],
        since=-40 * DAY,
    ),
]
BY_ID = {cam.id: cam for cam in CAMS}
STALLED: set[str] = set()


@lru_cache
def loop_of(spec: LoopSpec) -> Loop:
    return load_loop(spec)


def spec_of(cam: Cam, stream: str) -> LoopSpec:
    return cam.spec.main if stream == "main" else cam.spec.sub


@lru_cache
def header_of(spec: LoopSpec) -> bytes:
    sets = tuple(loop_of(spec).parameter_sets())
    video = VideoParameters(VideoCodec(spec.codec), sets, spec.width, spec.height)
    return file_header(video, None).data


def mime(spec: LoopSpec) -> str:
    if spec.codec == "h265":
        return 'video/mp4; codecs="hvc1.1.6.L93.B0"'
    sps = loop_of(spec).parameter_sets()[0]
    return f'video/mp4; codecs="avc1.{sps[1:4].hex()}"'


def fragment(spec: LoopSpec, number: int, frames: range, loop_from: int, decode: int) -> bytes:
    loop = loop_of(spec)
    step = 90_000 // spec.fps
    samples, payload = [], []
    for frame in frames:
        at = (loop_from + frame) % loop.frames
        data = b"".join(len(nal).to_bytes(4, "big") + bytes(nal) for nal in loop.nals(at))
        samples.append(Sample(len(data), step, at in loop.keys, 0))
        payload.append(data)
    info = FragmentInfo(
        CameraId("1" * 32),
        StreamName.MAIN,
        RunId("2" * 32),
        number,
        Track.VIDEO,
        flags_of(Track.VIDEO, samples),
        decode,
        90_000,
        time.time_ns(),
    )
    return encode_fragment(info, samples, payload, decode)


def gop(spec: LoopSpec) -> int:
    assert isinstance(spec.gop_frames, int)
    return spec.gop_frames


app = FastAPI(docs_url=None)
STATE: dict[str, Any] = {"setup": False, "in": set()}


def problem(status: int, code: str, detail: str) -> JSONResponse:
    body = {
        "type": f"urn:watchglass:{code}",
        "title": detail,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


@app.middleware("http")
async def guard(request: Request, go: Any) -> Response:
    path = request.url.path
    if path.startswith("/api/"):
        if request.method not in ("GET", "HEAD") and request.headers.get("x-watchglass") != "1":
            return problem(403, "csrf", "The header is missing.")
        free = path == "/api/v1/setup" or (path == "/api/v1/session" and request.method != "GET")
        if not free and request.cookies.get("mock") not in STATE["in"]:
            return problem(401, "signed_out", "Sign in first.")
    answer: Response = await go(request)
    answer.headers["content-security-policy"] = CSP
    return answer


def signed_in() -> Response:
    key = f"s{len(STATE['in'])}-{STARTED}"
    STATE["in"].add(key)
    answer = Response(status_code=204)
    answer.set_cookie("mock", key, httponly=True, samesite="strict")
    return answer


@app.get("/api/v1/setup")
async def setup() -> dict[str, bool]:
    return {"needed": STATE["setup"]}


@app.post("/api/v1/setup")
async def set_up(request: Request) -> Response:
    body = await request.json()
    if body["token"] != "once":
        return problem(
            403,
            "token_used",
            "This address has been used, or is too old. Start the recorder again for a new one.",
        )
    STATE["setup"] = False
    return signed_in()


@app.post("/api/v1/session")
async def sign_in(request: Request) -> Response:
    if (await request.json())["password"] != PASSWORD:
        return problem(401, "wrong_password", "That is not the password.")
    return signed_in()


@app.get("/api/v1/session")
async def session() -> dict[str, str]:
    return {"name": "admin"}


@app.delete("/api/v1/session")
async def sign_out(request: Request) -> Response:
    STATE["in"].discard(request.cookies.get("mock"))
    return Response(status_code=204)


SENTENCES = {
    "auth_failed": "The camera refuses the password. Enter the new one.",
    "paused": "Paused by admin.",
}


@app.get("/api/v1/cameras")
async def list_cameras() -> list[dict[str, Any]]:
    found = []
    for cam in [] if STATE.get("empty") else CAMS:
        gap = cam.open_gap()
        state = "recording" if gap is None else "paused" if gap[1] == "paused" else "gap"
        runs = cam.runs()
        since = gap[0] if gap else runs[-1][0]
        streams = [
            {
                "name": name,
                "codec": spec.codec,
                "width": spec.width,
                "height": spec.height,
                "mime": mime(spec),
            }
            for name, spec in (("main", cam.spec.main), ("sub", cam.spec.sub))
        ]
        sentence = SENTENCES.get(gap[1], "No picture.") if gap else "Recording."
        found.append(
            {
                "id": cam.id,
                "name": cam.name,
                "state": state,
                "streams": streams,
                "sound": False,
                "now": {
                    "state": state,
                    "cause": gap[1] if gap else None,
                    "since_ms": since,
                    "sentence": sentence,
                },
            }
        )
    return found


@app.get("/api/v1/timeline")
async def timeline(
    from_ms: int, to_ms: int, pixels: int, camera: str | None = None
) -> dict[str, Any]:
    n = now_ms()
    found = []
    for cam in [] if STATE.get("empty") else CAMS:
        if camera not in (None, cam.id):
            continue
        spans: list[dict[str, Any]] = []
        for a, b in cam.runs():
            if b >= n - 20:
                spans.append({"from_ms": a, "to_ms": n - 2500, "kind": "media", "cause": None})
                spans.append({"from_ms": n - 2500, "to_ms": n, "kind": "pending", "cause": None})
            else:
                spans.append({"from_ms": a, "to_ms": b, "kind": "media", "cause": None})
        spans += [
            {"from_ms": a, "to_ms": b, "kind": "gap", "cause": c} for a, b, c in cam.gap_spans()
        ]
        spans = sorted(
            (s for s in spans if s["to_ms"] > from_ms and s["from_ms"] < to_ms),
            key=lambda s: s["from_ms"],
        )
        found.append(
            {
                "camera": cam.id,
                "streams": [{"name": name, "spans": spans} for name in ("main", "sub")],
            }
        )
    return {
        "now_ms": n,
        "cameras": found,
        "sentence": "Nothing else is missing since yesterday 12:40.",
    }


@app.get("/api/v1/playback/{camera}/{stream}")
async def playback(camera: str, stream: str, at_ms: int, span_ms: int) -> Any:
    cam = BY_ID.get(camera)
    if cam is None:
        return problem(404, "no_camera", "There is no such camera.")
    spec = spec_of(cam, stream)
    end = min(at_ms + span_ms, now_ms() - 500)
    pieces: list[dict[str, Any]] = []
    for a, b in cam.runs():
        b = min(b, now_ms() - 500)
        if b <= at_ms or a >= end:
            continue
        file = max(0, (at_ms - a) // (FILE_S * S))
        while a + file * FILE_S * S < min(b, end):
            pieces.append(file_piece(cam, stream, spec, a, b, file, at_ms, end))
            file += 1
    for a, b, c in cam.gap_spans():
        if b > at_ms and a < end:
            pieces.append({"kind": "gap", "from_ms": a, "to_ms": b, "cause": c})
    return {"pieces": sorted(pieces, key=lambda p: p["from_ms"])}


def file_piece(
    cam: Cam, stream: str, spec: LoopSpec, a: int, b: int, file: int, at_ms: int, end: int
) -> dict[str, Any]:
    offset = a + file * FILE_S * S
    frames = min(FILE_S * spec.fps, int((b - offset) * spec.fps / S))
    chunk = gop(spec) * max(1, 2 * spec.fps // gop(spec))
    segments = []
    for first in range(0, frames, chunk):
        last = min(frames, first + chunk)
        s_from, s_to = offset + first * S // spec.fps, offset + last * S // spec.fps
        if s_to > at_ms and s_from < end:
            url = f"/api/v1/media/{cam.id}/{stream}/{a}-{file}/{first}-{last}"
            segments.append({"url": url, "from_ms": s_from, "to_ms": s_to})
    return {
        "kind": "media",
        "run": str(a),
        "sequence": file,
        "mime": mime(spec),
        "offset_ms": offset,
        "init_url": f"/api/v1/media/{cam.id}/{stream}/{a}-{file}/init",
        "from_ms": segments[0]["from_ms"] if segments else offset,
        "to_ms": segments[-1]["to_ms"] if segments else offset,
        "segments": segments,
    }


@app.get("/api/v1/media/{camera}/{stream}/{file}/{what}")
async def media(camera: str, stream: str, file: str, what: str) -> Response:
    spec = spec_of(BY_ID[camera], stream)
    if what == "init":
        return Response(header_of(spec), media_type="video/mp4")
    number = int(file.rsplit("-", 1)[1])
    first, last = map(int, what.split("-"))
    step = 90_000 // spec.fps
    data = [
        fragment(
            spec,
            f,
            range(f, min(last, f + max(1, spec.fps * 2 // 5))),
            number * FILE_S * spec.fps,
            f * step,
        )
        for f in range(first, last, max(1, spec.fps * 2 // 5))
    ]
    return Response(b"".join(data), media_type="video/mp4")


@lru_cache(maxsize=200)
def picture(spec: LoopSpec, key: int, width: int) -> bytes:
    decoder: Any = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[spec.codec], "r")
    data = b"".join(b"\0\0\0\1" + bytes(nal) for nal in loop_of(spec).nals(key))
    frame = (decoder.decode(av.Packet(data)) + decoder.decode(None))[0]
    height = width * frame.height // frame.width // 2 * 2
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 1)
    return bytes(encoder.encode(frame.reformat(width, height, "yuvj420p"))[0])


@app.get("/api/v1/thumbnail/{camera}")
async def thumbnail(camera: str, at_ms: int, width: int = 320) -> Response:
    cam = BY_ID[camera]
    for a, b in cam.runs():
        if a <= at_ms < b:
            spec = cam.spec.sub
            frame = (at_ms - a) * spec.fps // S % loop_of(spec).frames
            key = max(k for k in loop_of(spec).keys if k <= frame)
            return Response(picture(spec, key, min(width, 640) // 2 * 2), media_type="image/jpeg")
    return problem(404, "no_picture", "There is no picture of that moment.")


@app.websocket("/api/v1/live/{camera}/{stream}")
async def live(socket: WebSocket, camera: str, stream: str) -> None:
    await socket.accept()
    cam = BY_ID[camera]
    spec = spec_of(cam, stream)
    if cam.open_gap():
        await socket.close(4404)
        return
    origin = cam.runs()[-1][0]
    await socket.send_text(
        json.dumps({"mime": mime(spec), "width": spec.width, "height": spec.height})
    )
    await socket.send_bytes(header_of(spec))
    frame = (now_ms() - origin) * spec.fps // S
    first = frame - frame % gop(spec)
    sent, step = first, 90_000 // spec.fps
    gone = asyncio.create_task(socket.receive())
    try:
        while not gone.done():
            due = (now_ms() - origin) * spec.fps // S
            while sent <= due:
                if cam.id not in STALLED:
                    await socket.send_bytes(
                        fragment(spec, sent, range(sent, sent + 1), 0, (sent - first) * step)
                    )
                sent += 1
            if cam.open_gap():
                break
            await asyncio.sleep(max(0.005, (origin + sent * S / spec.fps - now_ms()) / S))
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        gone.cancel()


@app.get("/api/v1/changes")
async def changes() -> StreamingResponse:
    async def events() -> Any:
        while True:
            yield "event: timeline\ndata: {}\n\n"
            await asyncio.sleep(5)

    return StreamingResponse(events(), media_type="text/event-stream")


@app.post("/api/v1/cameras/{camera}/pause")
async def pause(camera: str, request: Request) -> Response:
    await request.json()
    BY_ID[camera].paused.append({"from": now_ms(), "to": None})
    return Response(status_code=204)


@app.post("/api/v1/cameras/{camera}/resume")
async def resume(camera: str) -> Response:
    for paused in BY_ID[camera].paused:
        paused["to"] = paused["to"] or now_ms()
    return Response(status_code=204)


@app.get("/mock/stall")
async def stall(camera: str, on: int = 1) -> dict[str, bool]:
    (STALLED.add if on else STALLED.discard)(camera)
    return {"ok": True}


@app.get("/mock/state")
async def state(setup: int = 0, empty: int = 0) -> dict[str, bool]:
    STATE["setup"], STATE["empty"] = bool(setup), bool(empty)
    return {"ok": True}


@app.get("/{path:path}")
async def page(path: str) -> FileResponse:
    found = (BUILT / path).resolve()
    inside = path and found.is_relative_to(BUILT) and found.is_file()
    return FileResponse(found if inside else BUILT / "index.html")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--setup", action="store_true")
    options = parser.parse_args()
    STATE["setup"] = options.setup
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")
