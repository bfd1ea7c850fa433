"""What a look at a camera found, as it is told to who asked over the control socket."""

from watchglass.app.adding import looked_at
from watchglass.app.site import Site
from watchglass.cameras.onvif.found import FoundDevice
from watchglass.cameras.probe import CameraProbe, FoundStream
from watchglass.config.settings import Settings
from watchglass.model.stream import StreamName
from watchglass.model.survey_control import LookedAt, LookedProfile, LookedStream, RecordRequest


def looked_at_words(found: CameraProbe) -> LookedAt:
    """The same, as values."""
    device, problem = found.device, found.problem
    told = device.result if device is not None else None
    streams = tuple(_stream(each) for each in (found.main, found.sub) if each is not None)
    picture = told.picture if told is not None else b""
    if found.main is not None:
        picture = picture or found.main.result.picture
    return LookedAt(
        streams=streams,
        code=problem.code if problem is not None else "",
        problem=problem.sentence if problem is not None else "",
        maker=told.manufacturer if told else "",
        model=told.model if told else "",
        firmware=told.firmware if told else "",
        serial=told.serial if told else "",
        words=device.words if device else (),
        profiles=_profiles(device) if device else (),
        sources=_sources(device) if device else (),
        clock_offset_s=told.clock_offset_s if told else None,
        ptz=told.ptz if told else False,
        events=told.events if told else False,
        picture=picture,
    )


def _stream(found: FoundStream) -> LookedStream:
    seen = found.result
    return LookedStream(
        stream=found.address.stream, url=found.address.url, codec=seen.codec, width=seen.width,
        height=seen.height, fps=seen.fps, gop_s=seen.gop_s, bit_rate=seen.bit_rate,
        sounds=seen.sounds,
    )  # fmt: skip


def _sources(device: FoundDevice) -> tuple[str, ...]:
    return tuple(each.source for each in device.choices) if len(device.choices) > 1 else ()


def _profiles(device: FoundDevice) -> tuple[LookedProfile, ...]:
    chosen = {device.chosen.main.token: StreamName.MAIN}
    if device.chosen.sub is not None:
        chosen[device.chosen.sub.token] = StreamName.SUB
    return tuple(
        LookedProfile(
            name=each.name, codec=each.codec, width=each.width, height=each.height, fps=each.fps,
            source=each.source, chosen=chosen.get(each.token),
        )
        for each in device.result.profiles
    )  # fmt: skip


def look_told(settings: Settings, site: Site, request: RecordRequest) -> LookedAt:
    """Look at a camera in the network; what it is."""
    return looked_at_words(looked_at(settings, site, request)[0])
