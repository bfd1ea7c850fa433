"""Whatever a stranger sends, requests of RTSP are taken apart or refused, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.ids import CameraId
from watchglass.live.restreaming.gate import challenge, may_take
from watchglass.media.serving.requests import (
    MAX_HEAD_BYTES,
    Malformed,
    Request,
    RequestParser,
    format_response,
)
from watchglass.model.restream import Restream, RestreamId, secret_of
from watchglass.model.stream import StreamName

METHODS = st.sampled_from(["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "X"])
TOKEN = st.text("abcXYZ09-_./:[]%=", min_size=1, max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(["CSeq", "Transport", "Authorization", "Session", "X-Y"]), TOKEN, max_size=4
)
RELAY = Restream(
    RestreamId("a" * 32), CameraId("b" * 32), StreamName.MAIN, "127.0.0.1", 8554, "relay-aaaaaaaa",
    secret_of("relay-aaaaaaaa", "token"), False, 0, "me", "",
)  # fmt: skip


@given(METHODS, TOKEN, HEADERS, st.binary(max_size=40), st.lists(st.integers(1, 60), max_size=20))
def test_in_pieces_as_in_one(
    method: str, url: str, headers: dict[str, str], body: bytes, cuts: list[int]
) -> None:
    lines = [f"{method} rtsp://host/{url} RTSP/1.0", *(f"{k}: {v}" for k, v in headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    packet = b"$\x00\x00\x03abc"
    data = packet + "\r\n".join(lines).encode() + b"\r\n\r\n" + body + packet
    whole = RequestParser().feed(data)
    assert [(each.method, each.url) for each in whole] == [(method, f"rtsp://host/{url}")]
    assert {k.lower(): v for k, v in headers.items()}.items() <= whole[0].headers.items()
    parser, found, at = RequestParser(), list[Request](), 0
    for cut in [*cuts, len(data)]:
        found += parser.feed(data[at : at + cut])
        at += cut
    assert found == whole


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_noise_is_refused_with_one_error_and_kept_bounded(pieces: list[bytes]) -> None:
    parser = RequestParser()
    try:
        for piece in pieces:
            for request in parser.feed(piece):
                assert isinstance(request.path, str)
    except Malformed:
        pass


@given(METHODS, st.text(max_size=60), st.text(max_size=60))
def test_any_request_has_a_path_and_an_answer_of_whole_lines(
    method: str, url: str, number: str
) -> None:
    request = Request(method, url, {"cseq": number})
    assert isinstance(request.path, str)
    assert format_response(200, request).endswith(b"\r\n\r\n")


@given(METHODS, st.text(max_size=200))
def test_nothing_but_the_token_opens_it(method: str, text: str) -> None:
    for scheme in ("", "Basic ", "Digest "):
        assert not may_take(RELAY, "nonce", method, scheme + text)
    assert "nonce" in challenge("nonce")


def test_a_head_without_an_end_is_not_kept() -> None:
    parser = RequestParser()
    try:
        for _ in range(MAX_HEAD_BYTES):
            parser.feed(b"GET x" * 10)
    except Malformed:
        return
    raise AssertionError("it took all that came")
