"""What a simulated device answers about itself and its streams: device, media and media2."""

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from watchglass.simulate.loop import LoopSpec
from watchglass.simulate.onvif.envelope import (
    DEVICE,
    EVENTS,
    MEDIA,
    MEDIA2,
    PTZ,
    Call,
    Fault,
)
from watchglass.simulate.onvif.quirks import Hostile, Quirks

_ODD_TEXTS = "<script>alert(1)</script>\u202e\u0007" + "A" * 3000
_ENCODINGS = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What is on the device's label."""

    manufacturer: str = "Watchglass"
    model: str = "Simulated camera"
    firmware: str = "1.0.0"
    serial: str = "0001"
    hardware: str = "SIM"


@dataclass(frozen=True, slots=True)
class Profile:
    """A media profile: one way to have the device's only picture."""

    token: str
    name: str
    spec: LoopSpec
    path: str
    """Of the stream, behind the host: /camera-1/main."""
    source: str = "lens-1"


@dataclass(frozen=True, slots=True)
class Device:
    """The device as its services tell of it. ``http`` and ``rtsp`` are HOST:PORT."""

    identity: Identity
    profiles: tuple[Profile, ...]
    quirks: Quirks
    http: str
    rtsp: str
    rtsp_scheme: str = "rtsp"

    def answer(self, call: Call, now_ns: int) -> str:
        """The body; Fault for what it does not do. ``now_ns``: its own clock."""
        match call.space, call.operation:
            case (space, "GetSystemDateAndTime") if space == DEVICE:
                return _time(now_ns)
            case (space, "GetDeviceInformation") if space == DEVICE:
                return self._information()
            case (space, "GetServices") if space == DEVICE and self.quirks.get_services:
                return self._services()
            case (space, "GetCapabilities") if space == DEVICE:
                return self._capabilities()
            case (space, "GetProfiles") if space == MEDIA:
                shown = "".join(self._profile(each) for each in self.media1)
                return f"<trt:GetProfilesResponse>{shown}</trt:GetProfilesResponse>"
            case (space, "GetProfiles") if space == MEDIA2 and self.quirks.media2:
                shown = "".join(self._profile2(each) for each in self.profiles)
                return f"<tr2:GetProfilesResponse>{shown}</tr2:GetProfilesResponse>"
            case (space, "GetStreamUri") if space in (MEDIA, MEDIA2):
                return self._stream_uri(call)
            case (space, "GetSnapshotUri") if space in (MEDIA, MEDIA2) and self.quirks.snapshot:
                return self._snapshot_uri(call)
            case _:
                raise Fault("ActionNotSupported", "The requested action is not implemented.")

    @property
    def media1(self) -> tuple[Profile, ...]:
        """Media1 knows no H.265: who has Media2 keeps such profiles out of it."""
        if not self.quirks.media2:
            return self.profiles
        return tuple(each for each in self.profiles if each.spec.codec != "h265")

    def _url(self, path: str) -> str:
        host = self.quirks.advertised or self.http
        if self.quirks.hostile is Hostile.ELSEWHERE:
            host = "169.254.169.254"
        return f"http://{host}{path}"

    def service_urls(self) -> dict[str, str]:
        found = {
            DEVICE: self._url("/onvif/device_service"),
            MEDIA: self._url("/onvif/media_service"),
        }
        if self.quirks.media2:
            found[MEDIA2] = self._url("/onvif/media2_service")
        if self.quirks.ptz:
            found[PTZ] = self._url("/onvif/ptz_service")
        if self.quirks.events:
            found[EVENTS] = self._url("/onvif/event_service")
        return found

    def subscription_url(self, number: int) -> str:
        return self._url(f"/onvif/subscription/{number}")

    def _information(self) -> str:
        who = self.identity
        odd = self.quirks.hostile is Hostile.TEXTS
        told = {
            "Manufacturer": who.manufacturer, "Model": who.model,
            "FirmwareVersion": who.firmware, "SerialNumber": who.serial,
            "HardwareId": who.hardware,
        }  # fmt: skip
        lines = "".join(
            f"<tds:{name}>{_text(_ODD_TEXTS if odd else value)}</tds:{name}>"
            for name, value in told.items()
        )
        return f"<tds:GetDeviceInformationResponse>{lines}</tds:GetDeviceInformationResponse>"

    def _services(self) -> str:
        lines = "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{escape(url)}"
            "</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>"
            "</tds:Service>"
            for space, url in self.service_urls().items()
        )
        return f"<tds:GetServicesResponse>{lines}</tds:GetServicesResponse>"

    def _capabilities(self) -> str:
        urls = self.service_urls()
        lines = f"<tt:Device><tt:XAddr>{escape(urls[DEVICE])}</tt:XAddr></tt:Device>"
        if EVENTS in urls:
            lines += (
                f"<tt:Events><tt:XAddr>{escape(urls[EVENTS])}</tt:XAddr>"
                "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport>"
                "<tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
                "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
                "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
            )
        lines += (
            f"<tt:Media><tt:XAddr>{escape(urls[MEDIA])}</tt:XAddr><tt:StreamingCapabilities>"
            "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
            "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>"
        )
        if PTZ in urls:
            lines += f"<tt:PTZ><tt:XAddr>{escape(urls[PTZ])}</tt:XAddr></tt:PTZ>"
        return (
            "<tds:GetCapabilitiesResponse><tds:Capabilities>"
            f"{lines}</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def _profile(self, profile: Profile) -> str:
        spec = profile.spec
        shown = (
            f'<trt:Profiles token="{profile.token}" fixed="true">'
            f"<tt:Name>{self._name(profile)}</tt:Name>{_source(profile)}"
            f'<tt:VideoEncoderConfiguration token="v-{profile.token}"><tt:Name>v</tt:Name>'
            f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{_ENCODINGS[spec.codec]}</tt:Encoding>"
            f"<tt:Resolution><tt:Width>{spec.width}</tt:Width><tt:Height>{spec.height}</tt:Height>"
            "</tt:Resolution><tt:Quality>5</tt:Quality><tt:RateControl>"
            f"<tt:FrameRateLimit>{spec.fps}</tt:FrameRateLimit><tt:EncodingInterval>1"
            f"</tt:EncodingInterval><tt:BitrateLimit>{spec.bit_rate // 1000}</tt:BitrateLimit>"
            "</tt:RateControl><tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type>"
            "<tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port>"
            "<tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
            "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>"
        )
        if self.quirks.ptz:
            shown += (
                '<tt:PTZConfiguration token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>1'
                "</tt:UseCount><tt:NodeToken>ptz</tt:NodeToken></tt:PTZConfiguration>"
            )
        return shown + "</trt:Profiles>"

    def _profile2(self, profile: Profile) -> str:
        spec = profile.spec
        ptz = (
            '<tr2:PTZ token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount>'
            "<tt:NodeToken>ptz</tt:NodeToken></tr2:PTZ>"
            if self.quirks.ptz
            else ""
        )
        return (
            f'<tr2:Profiles token="{profile.token}" fixed="true"><tr2:Name>{self._name(profile)}'
            f"</tr2:Name><tr2:Configurations>{_source(profile, 'tr2:VideoSource')}"
            f'<tr2:VideoEncoder token="v-{profile.token}" GovLength="{spec.fps}">'
            f"<tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>"
            f"<tt:Encoding>{_ENCODINGS[spec.codec]}</tt:Encoding><tt:Resolution>"
            f"<tt:Width>{spec.width}</tt:Width><tt:Height>{spec.height}</tt:Height>"
            f"</tt:Resolution><tt:RateControl><tt:FrameRateLimit>{spec.fps}</tt:FrameRateLimit>"
            f"<tt:BitrateLimit>{spec.bit_rate // 1000}</tt:BitrateLimit></tt:RateControl>"
            f"<tt:Quality>5</tt:Quality></tr2:VideoEncoder>{ptz}</tr2:Configurations>"
            "</tr2:Profiles>"
        )

    def _name(self, profile: Profile) -> str:
        odd = self.quirks.hostile is Hostile.TEXTS
        return _text(_ODD_TEXTS if odd else profile.name)

    def _stream_uri(self, call: Call) -> str:
        profile = self._asked(call)
        host = self.rtsp
        if self.quirks.advertised:
            host = f"{self.quirks.advertised.partition(':')[0]}:{self.rtsp.rpartition(':')[2]}"
        uri = f"{self.rtsp_scheme}://{host}{profile.path}"
        if self.quirks.hostile is Hostile.ELSEWHERE:
            uri = f"file:///etc/passwd?{profile.token}"
        if call.space == MEDIA2:
            return (
                f"<tr2:GetStreamUriResponse><tr2:Uri>{escape(uri)}</tr2:Uri>"
                "</tr2:GetStreamUriResponse>"
            )
        return (
            f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
            f"{_VALID}</trt:MediaUri></trt:GetStreamUriResponse>"
        )

    def _snapshot_uri(self, call: Call) -> str:
        profile = self._asked(call)
        uri = escape(self._url(f"/snapshot/{profile.token}"))
        if call.space == MEDIA2:
            return (
                f"<tr2:GetSnapshotUriResponse><tr2:Uri>{uri}</tr2:Uri></tr2:GetSnapshotUriResponse>"
            )
        return (
            f"<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>{uri}</tt:Uri>{_VALID}"
            "</trt:MediaUri></trt:GetSnapshotUriResponse>"
        )

    def _asked(self, call: Call) -> Profile:
        token = call.text("ProfileToken")
        for profile in self.profiles:
            if profile.token == token:
                return profile
        raise Fault("NoProfile", "The requested profile token does not exist.")


_VALID = (
    "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false"
    "</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
)


def _text(value: str) -> str:
    return escape("".join(each for each in value if each >= " "))


def _source(profile: Profile, tag: str = "tt:VideoSourceConfiguration") -> str:
    return (
        f'<{tag} token="vs"><tt:Name>vs</tt:Name><tt:UseCount>2</tt:UseCount>'
        f'<tt:SourceToken>{profile.source}</tt:SourceToken><tt:Bounds x="0" y="0" '
        f'width="{profile.spec.width}" height="{profile.spec.height}"/></{tag}>'
    )


def _time(now_ns: int) -> str:
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
        "<tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
        "<tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone><tt:UTCDateTime><tt:Time>"
        f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}"
        f"</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}"
        f"</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime>"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )
