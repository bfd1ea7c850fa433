"""Which profiles are recorded, and why, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watchglass.model.onvif import OnvifProfile

LEAST_SUB_WIDTH = 320
_CODECS = {"h264": "H.264", "h265": "H.265", "mjpeg": "MJPEG"}
_BY_WORTH = ("mjpeg", "h264", "h265")


@dataclass(frozen=True, slots=True)
class Choice:
    """Of one source of a device. ``words``: a sentence for each stream, and for what is missing."""

    source: str
    main: OnvifProfile
    sub: OnvifProfile | None
    words: tuple[str, ...]


def choices(profiles: Iterable[OnvifProfile]) -> tuple[Choice, ...]:
    """One for each source that has a profile that can be recorded, in the device's order."""
    by_source: dict[str, list[OnvifProfile]] = {}
    for profile in profiles:
        if profile.codec in _CODECS and profile.url and profile.width > 0 and profile.height > 0:
            by_source.setdefault(profile.source, []).append(profile)
    return tuple(_chosen(source, found) for source, found in by_source.items())


def _chosen(source: str, profiles: Sequence[OnvifProfile]) -> Choice:
    main = max(profiles, key=lambda each: (_pixels(each), each.fps or 0.0, _worth(each)))
    many = len(profiles)
    why = f"the largest of its {many} profiles" if many > 1 else "its only profile"
    words = [f"Main: {profile_words(main)}: {why}."]
    smaller = [each for each in profiles if _pixels(each) < _pixels(main)]
    sub = _sub_of(smaller)
    if sub is None:
        words.append(
            "No sub-stream: no profile is smaller than the main one. Set a small one, such as"
            " 640×360 in H.264, in the camera."
        )
    else:
        words.append(f"Sub: {profile_words(sub)}: {_why_sub(sub, smaller)}.")
    return Choice(source, main, sub, tuple(words))


def _sub_of(smaller: Sequence[OnvifProfile]) -> OnvifProfile | None:
    """H.264 before others, because every browser plays it; then the smallest that still shows
    people; where all are smaller than that, the largest of them."""
    wide = [each for each in smaller if each.width >= LEAST_SUB_WIDTH]
    if not wide:
        return max(smaller, key=_pixels, default=None)
    return min(wide, key=lambda each: (each.codec != "h264", _pixels(each), each.fps or 0.0))


def _why_sub(sub: OnvifProfile, smaller: Sequence[OnvifProfile]) -> str:
    if sub.width < LEAST_SUB_WIDTH:
        return f"the largest, as none is {LEAST_SUB_WIDTH} wide"
    passed = [each for each in smaller
              if each.width >= LEAST_SUB_WIDTH and _pixels(each) < _pixels(sub)]  # fmt: skip
    rest = f"the smallest of at least {LEAST_SUB_WIDTH} wide"
    return f"{rest} in H.264, which every browser plays" if passed else rest


def profile_words(profile: OnvifProfile) -> str:
    """'2560x1440 H.265 25/s'."""
    words = f"{profile.width}x{profile.height} {_CODECS.get(profile.codec, profile.codec)}"
    return f"{words} {profile.fps:.3g}/s" if profile.fps else words


def _pixels(profile: OnvifProfile) -> int:
    return profile.width * profile.height


def _worth(profile: OnvifProfile) -> int:
    return _BY_WORTH.index(profile.codec)
