"""Whether a replacement does what the old camera did, and whose it is itself.

The attributes and their rules are those of the project's table of replacement attributes. What is
not known of either is said, and never taken for met.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from watchglass.base.ids import ScanId
from watchglass.model.device_path import Attributes, DevicePath
from watchglass.model.observation import Signal, Source, observe
from watchglass.model.profile import SiteProfile
from watchglass.trust.contact import contacts_of
from watchglass.trust.facts import Facts
from watchglass.trust.identity import devices_of, name_devices
from watchglass.trust.judgement import Judge
from watchglass.trust.verdict import Certainty

_HFOV_WITHIN = 0.10
_COAX = frozenset({"coax", "tvi", "cvi", "ahd", "cvbs"})
_ASKED_SECURITY = ("tls", "signed_firmware")


class Meets(StrEnum):
    MEETS = "meets"
    FALLS_SHORT = "falls_short"
    JUSTIFIED = "justified"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Compared:
    """One attribute. ``sentence`` says what and why."""

    attribute: str
    meets: Meets
    sentence: str

    @property
    def counts(self) -> bool:
        """Whether somebody has to read it."""
        return self.meets is not Meets.MEETS


_Number = Callable[[Attributes], float | None]
_AT_LEAST: tuple[tuple[str, str, _Number], ...] = (
    ("environment", "IP rating", lambda of: of.ip_rating or None),
    ("environment", "IK rating", lambda of: of.ik_rating or None),
    ("environment", "highest temperature", lambda of: of.hottest_c),
    ("resolution", "megapixels", lambda of: of.megapixels or None),
    ("light", "infrared range in metres", lambda of: of.ir_m or None),
    ("light", "dynamic range in dB", lambda of: of.wdr_db or None),
)


def compare(path: DevicePath, new: Attributes) -> list[Compared]:
    """Each attribute that the old camera's needs name, and those that any replacement must tell."""
    found = [*_form(path.needs, new), *_numbers(path.needs, new), *_lens(path.needs, new),
             *_power(path.budget_w, new), *_network(path.needs), *_ports(path.needs, new),
             *_streaming(new), *_security(new), *_papers(new)]  # fmt: skip
    return [_justified(each, path.justified) for each in found]


def _justified(found: Compared, why: dict[str, str]) -> Compared:
    reason = why.get(found.attribute, "").strip()
    if found.meets is not Meets.FALLS_SHORT or not reason:
        return found
    return Compared(found.attribute, Meets.JUSTIFIED, f"{found.sentence} Justified: {reason}")


def _form(old: Attributes, new: Attributes) -> Iterator[Compared]:
    if not old.form_factor:
        return
    if not new.form_factor:
        yield _unknown("form_factor", "whether its form is that of the old one")
    elif old.form_factor != new.form_factor:
        yield _short("form_factor", f"It is a {new.form_factor}, the old one a {old.form_factor}.")
    else:
        yield _meets("form_factor", f"Both are of the form {new.form_factor}.")


def _numbers(old: Attributes, new: Attributes) -> Iterator[Compared]:
    for attribute, words, value in _AT_LEAST:
        wanted, given = value(old), value(new)
        if wanted is None:
            continue
        if given is None:
            yield _unknown(attribute, f"its {words} (the old one: {wanted:g})")
        elif given < wanted:
            yield _short(attribute, f"Its {words}: {given:g}, the old one {wanted:g}.")
        else:
            yield _meets(attribute, f"Its {words}: {given:g}, the old one {wanted:g}.")
    if old.coldest_c is not None:
        if new.coldest_c is None:
            yield _unknown("environment", "how cold it may be")
        elif new.coldest_c > old.coldest_c:
            yield _short("environment", f"It may be {new.coldest_c} °C cold, the old one "
                         f"{old.coldest_c} °C.")  # fmt: skip


def _lens(old: Attributes, new: Attributes) -> Iterator[Compared]:
    if not old.hfov:
        return
    if not new.hfov:
        yield _unknown("lens", f"how wide it sees (the old one: {old.hfov:g}°)")
    elif abs(new.hfov - old.hfov) > _HFOV_WITHIN * old.hfov:
        yield _short("lens", f"It sees {new.hfov:g}° wide, the old one {old.hfov:g}°: more than a "
                     "tenth apart. Zones and masks have to be drawn anew.")  # fmt: skip
    else:
        yield _meets("lens", f"It sees {new.hfov:g}° wide, the old one {old.hfov:g}°.")


def _power(budget_w: float, new: Attributes) -> Iterator[Compared]:
    if not budget_w:
        return
    if not new.power_w:
        yield _unknown("power", f"whether the {budget_w:g} W of its port are enough")
    elif new.power_w > budget_w:
        yield _short("power", f"It takes {new.power_w:g} W, its port gives {budget_w:g} W.")
    else:
        yield _meets("power", f"It takes {new.power_w:g} W of {budget_w:g} W.")


def _network(old: Attributes) -> Iterator[Compared]:
    if old.network.lower() in _COAX:
        yield Compared("network", Meets.NOTE, "The old one is on coaxial cable: an encoder, or "
                       "power and network over coax, is needed.")  # fmt: skip


def _ports(old: Attributes, new: Attributes) -> Iterator[Compared]:
    lacking = sorted(set(old.ports) - set(new.ports))
    if lacking:
        yield _short("audio_io", f"Used on the old one and lacking: {', '.join(lacking)}.")


def _streaming(new: Attributes) -> Iterator[Compared]:
    told = {each.lower() for each in new.streaming}
    if not told:
        yield _unknown("streaming", "how it sends")
    elif "rtsp" not in told:
        yield _short("streaming", "It is not said to send by RTSP, which recording needs.")
    elif "onvif-t" not in told:
        yield Compared("streaming", Meets.NOTE, "It is not said to have ONVIF profile T (H.265, "
                       "events over TLS).")  # fmt: skip


def _security(new: Attributes) -> Iterator[Compared]:
    told = {each.lower() for each in new.security}
    lacking = [each for each in _ASKED_SECURITY if each not in told]
    if lacking:
        words = " and ".join(each.replace("_", " ") for each in lacking)
        yield _short("security", f"It is not said to have {words}.")
    if not new.support_until:
        yield _unknown("security", "until when its maker mends its firmware: required")


def _papers(new: Attributes) -> Iterator[Compared]:
    for name, words in (("soc", "who made its chip"), ("country", "where it is made")):
        if not getattr(new, name):
            yield _unknown("compliance", f"{words}: required")
    if not (new.statement and _is_date(new.statement_date)):
        yield _unknown("compliance", "its maker's statement on section 889, with document and "
                       "date: required")  # fmt: skip


def origin_of(new: Attributes, facts: Facts, when: date) -> list[str]:
    """What follows from who made the replacement, by the rules that judged the old one: sentences,
    none where nothing speaks against it by what was told."""
    if not (new.maker or new.model):
        return ["Not known: who makes the replacement."]
    seen = [
        observe(Source.IMPORT_CSV, signal, value, at_ns=0, scan=ScanId("0" * 32), address="new")
        for signal, value in ((Signal.LABEL, new.maker), (Signal.MODEL, new.model))
        if value
    ]
    named, _ = name_devices(devices_of(contacts_of(seen)), {})
    judged = Judge(facts, SiteProfile(), (), (), when).judge(named[0])
    origin = judged.judged.origin
    told = [each.sentence for each in judged.listings]
    if told:
        return [f"Its own origin: {each}" for each in told]
    if origin.certainty is Certainty.UNKNOWN:
        maker = facts.maker_name(origin.hint) if origin.hint else ""
        hint = f" ({maker} may make it)" if maker else ""
        return [f"Its own origin is not known from its name alone{hint}: ask for the maker of the "
                "device and of its chip in writing."]  # fmt: skip
    return []


def _meets(attribute: str, sentence: str) -> Compared:
    return Compared(attribute, Meets.MEETS, sentence)


def _short(attribute: str, sentence: str) -> Compared:
    return Compared(attribute, Meets.FALLS_SHORT, sentence)


def _unknown(attribute: str, what: str) -> Compared:
    return Compared(attribute, Meets.UNKNOWN, f"Not known: {what}.")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
