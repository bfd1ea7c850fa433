"""A camera that was found by ONVIF: what it is, what of it is recorded, and why."""

from collections.abc import Callable
from dataclasses import dataclass

from watchglass.base.errors import RefusedError
from watchglass.cameras.address import AddressRules, CameraAddress, resolve
from watchglass.cameras.onvif.address import SCHEMES, Reached
from watchglass.cameras.onvif.choice import Choice, choices
from watchglass.model.camera import Credentials, OnvifAddress
from watchglass.model.onvif import OnvifRequest, OnvifResult

OnvifProber = Callable[[OnvifRequest], OnvifResult]
_MOST_OFFSET_S = 2.0


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """``choices``: one for each of its sources; ``chosen`` is one of them."""

    address: CameraAddress
    result: OnvifResult
    choices: tuple[Choice, ...]
    chosen: Choice

    @property
    def stored(self) -> OnvifAddress:
        """As `model.camera.Camera` keeps it."""
        profile, told = self.chosen.main, self.result
        return OnvifAddress(
            self.address.url, profile.token, ptz=told.ptz and profile.ptz, events=told.events
        )

    @property
    def identity(self) -> str:
        """'Maker Model, firmware 1.2, serial 123'."""
        told = self.result
        name = " ".join(filter(None, (told.manufacturer, told.model)))
        rest = [f"{word} {value}" for word, value in
                (("firmware", told.firmware), ("serial", told.serial)) if value]  # fmt: skip
        return ", ".join(filter(None, (name, *rest)))

    @property
    def words(self) -> tuple[str, ...]:
        """What was chosen and what is odd, a sentence each."""
        return (*self.chosen.words, *self._oddities())

    def _oddities(self) -> list[str]:
        told, found = self.result, []
        if len(self.choices) > 1:
            rest = ", ".join(each.source for each in self.choices if each is not self.chosen)
            this = self.chosen.source or "the first"
            count = len(self.choices)
            found.append(f"It has {count} pictures. This is {this}; others: {rest}.")
        found.append(clock_words(told.clock_offset_s))
        if told.told_host and told.told_host != self.address.host:
            found.append(
                f"It gives its own address as {told.told_host}; it is recorded from"
                f" {self.address.host}, where it was reached."
            )
        abilities = [word for word, has in
                     (("turned (PTZ)", told.ptz), ("asked what it sees (events)", told.events))
                     if has]  # fmt: skip
        if abilities:
            found.append(f"It can be {' and '.join(abilities)}.")
        return [*found, *told.notes]


def clock_words(offset_s: float | None) -> str:
    """How a camera's clock compares with ours."""
    if offset_s is None:
        return "It does not tell its time."
    if abs(offset_s) <= _MOST_OFFSET_S:
        return "Its clock is right."
    direction = "ahead of" if offset_s > 0 else "behind"
    return (
        f"Its clock is {_span_words(abs(offset_s))} {direction} ours: what it writes into its"
        " picture is off by that. Set a time server (NTP) in the camera."
    )


def _span_words(seconds: float) -> str:
    for size_s, word in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size_s:
            return f"{seconds / size_s:.0f} {word}"
    return f"{seconds:.0f} seconds"


def find_device(
    address: CameraAddress,
    login: Credentials | None,
    rules: AddressRules,
    prober: OnvifProber,
    source: str = "",
) -> FoundDevice:
    """Look at a device; ``source`` as it is named in ``choices``, the first where empty.

    CameraError, or RefusedError for an address or a source that cannot be.
    """
    checked = resolve(address, rules.allow, own_ports=rules.own_ports, resolver=rules.resolver)
    at = Reached(SCHEMES[address.scheme], checked.ip, address.port, address.host)
    request = OnvifRequest(
        at.url(at.scheme, at.port, ""), address.host,
        login.user if login else "", login.password.reveal() if login else "",
    )  # fmt: skip
    result = prober(request)
    found = choices(result.profiles)
    chosen = next((each for each in found if not source or each.source == source), None)
    if chosen is None:
        raise RefusedError(
            f"The camera has no picture {source[:64]!r} that can be recorded."
            if found
            else "None of the camera's profiles can be recorded: choose H.264 or H.265 in it."
        )
    return FoundDevice(address, result, found, chosen)
