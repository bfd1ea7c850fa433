"""What real cameras answered over RTSP, read as a scan reads it."""

from pathlib import Path

import pytest

from watchglass.cameras.survey.doors import described
from watchglass.cameras.survey.http_reading import read_response
from watchglass.cameras.survey.seen import MOST_VALUE_CHARS, Fact


def test_every_real_answer_is_read_and_none_of_its_coding_is_kept(shared_dir: Path) -> None:
    files = sorted(shared_dir.glob("testdata/rtsp/*describe*.txt"))
    assert len(files) >= 8
    for file in files:
        response = read_response(file.read_bytes())
        assert response is not None, file.name
        found = described(response)
        assert any(fact.signal == "sdp" for fact in found), file.name
        assert not any(fact.value.startswith(("a=rtpmap", "a=fmtp")) for fact in found)
        assert all(len(fact.value) <= MOST_VALUE_CHARS for fact in found)


@pytest.mark.parametrize(
    ("name", "told"),
    [("hikvision_describe.txt", Fact("rtsp_path", "/Streaming/Channels/101/")),
     ("hikvision_describe.txt", Fact("sdp", "s=Media Presentation")),
     ("dahua_describe_h265_pcma.txt", Fact("sdp", "s=Media Server"))],
    ids=["hikvision path", "hikvision session", "dahua session"],
)  # fmt: skip
def test_what_tells_the_firmware_is_kept(shared_dir: Path, name: str, told: Fact) -> None:
    response = read_response((shared_dir / "testdata" / "rtsp" / name).read_bytes())
    assert response is not None
    assert told in described(response)
