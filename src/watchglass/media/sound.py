"""Sound that comes with a stream: which kinds are kept, and what AAC says about itself."""

from watchglass.base.errors import StreamInvalidError
from watchglass.media.sps import BitReader
from watchglass.model.stream import SoundCodec, SoundParameters

# ISO/IEC 14496-3, table 1.18
_AAC_RATES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip
_EXPLICIT_RATE = 15
_AAC_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}
_MOST_EXTRADATA_BYTES = 64


def sound_parameters(
    codec_name: str | None, sample_rate: int, channels: int, extradata: bytes | None
) -> SoundParameters | None:
    """What is kept of a sound stream, as libavformat describes it; None for a kind that is not.

    ``codec_name`` is FFmpeg's. For AAC its AudioSpecificConfig decides, for cameras' SDP is often
    wrong about rate and channels; without a sensible one the sound cannot be kept.
    """
    if codec_name == "aac":
        return _aac(extradata or b"")
    if codec_name in ("pcm_alaw", "pcm_mulaw"):
        if not 1000 <= sample_rate <= 192_000 or not 1 <= channels <= 8:
            return None
        return SoundParameters(SoundCodec(codec_name), sample_rate, channels)
    return None


def _aac(config: bytes) -> SoundParameters | None:
    if len(config) > _MOST_EXTRADATA_BYTES:
        return None
    bits = BitReader(config)
    try:
        if bits.u(5) == 31:
            bits.u(6)
        index = bits.u(4)
        rate = bits.u(24) if index == _EXPLICIT_RATE else _AAC_RATES[index]
        channels = _AAC_CHANNELS.get(bits.u(4))
    except (StreamInvalidError, EOFError, IndexError):
        return None
    if channels is None or not 1000 <= rate <= 192_000:
        return None
    return SoundParameters(SoundCodec.AAC, rate, channels, config)
