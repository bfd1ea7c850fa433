"""A device's path: what each step asks for, how far all have come, and what may replace it."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trust.seeing import AT_NS, AXIS_MAC, HIK_MAC, see
from watchglass.base.errors import UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.device_path import (
    BY_PEOPLE,
    Attributes,
    Cleared,
    DevicePath,
    Step,
    StepDone,
)
from watchglass.store.trust import TrustStore
from watchglass.trust.facts import read_facts
from watchglass.trust.fleet import Fleet, judge_fleet
from watchglass.trust.path import WEEK_NS, advance
from watchglass.trust.replacement import Meets, compare, origin_of
from watchglass.trust.report.compare import compare as compare_reports

FACTS = read_facts(None)
ALL_CLEARED = {"card": Cleared.DONE, "disk": Cleared.NONE, "cloud": Cleared.DONE}
BARE = DevicePath(device=DeviceId("a" * 32))


def done(step: Step, at_ns: int = AT_NS, document: str = "") -> StepDone:
    return StepDone(step=step, at_ns=at_ns, by="me", document=document)


@pytest.mark.parametrize("lacking", ["card", "disk", "cloud"])
def test_removed_says_what_became_of_card_disk_and_account(lacking: str) -> None:
    told = {name: value for name, value in ALL_CLEARED.items() if name != lacking}
    with pytest.raises(UsageError, match=f"--{lacking}"):
        advance(msgspec.structs.replace(BARE, **told), done(Step.REMOVED, document="d" * 64))


def test_removed_needs_its_paper_and_filed_needs_removed() -> None:
    cleared = msgspec.structs.replace(BARE, **ALL_CLEARED)
    with pytest.raises(UsageError, match="--document"):
        advance(cleared, done(Step.REMOVED))
    with pytest.raises(UsageError, match="once the device is removed"):
        advance(cleared, done(Step.FILED))
    gone = advance(cleared, done(Step.REMOVED, document="d" * 64))
    assert advance(gone, done(Step.FILED)).done(Step.FILED) is not None


def test_nobody_says_that_a_device_was_found_or_chooses_nothing() -> None:
    for step in set(Step) - set(BY_PEOPLE):
        with pytest.raises(UsageError, match="looked at"):
            advance(BARE, done(step))
    with pytest.raises(UsageError, match="what replaces it"):
        advance(BARE, done(Step.CHOSEN))


def fleet_of(store: TrustStore, now_ns: int = AT_NS) -> Fleet:
    return judge_fleet(store, FACTS, now_ns)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    made = TrustStore(tmp_path_factory.mktemp("trust") / "site.db")
    made.add_observations([
        *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
             "import_csv place School 7", mac=HIK_MAC),
        *see("mdns mdns_service _axis-video._tcp.local", "onvif manufacturer AXIS",
             address="10.0.0.6", mac=AXIS_MAC),
    ])  # fmt: skip
    return made


def test_those_of_makers_on_lists_are_on_the_path_and_others_once_put_there(
    store: TrustStore,
) -> None:
    first = fleet_of(store)
    assert (first.progress.devices, first.progress.removed, first.progress.ends) == (1, 0, "")
    assert "no forecast" in first.progress.sentence
    other = next(each for each in first.judgements if each.judged.origin.origin == "axis")
    assert first.path(other) is None
    store.put_path(DevicePath(device=other.id, owner="Ann"))
    assert fleet_of(store).progress.devices == 2


def test_the_forecast_follows_the_pace_of_the_last_weeks(store: TrustStore) -> None:
    listed, other = (each.id for each in fleet_of(store).judgements)
    store.put_path(DevicePath(device=other, owner="Ann"))
    gone = advance(
        msgspec.structs.replace(DevicePath(device=listed), **ALL_CLEARED),
        done(Step.REMOVED, document="d" * 64),
    )
    store.put_path(gone)
    found = fleet_of(store, AT_NS + 2 * WEEK_NS).progress
    # One in two weeks, one left: two weeks from now.
    assert (found.removed, found.ends) == (1, fleet_day(AT_NS + 4 * WEEK_NS))
    assert [each.removed for each in found.weeks][-1] == 1
    assert fleet_of(store, AT_NS + 20 * WEEK_NS).progress.ends == ""
    (place,) = [each for each in found.places if each.place == "School 7"]
    assert place.steps[list(Step).index(Step.REMOVED)] == 1


def fleet_day(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // 10**9, UTC).date().isoformat()


def test_two_reports_tell_what_was_done_between(store: TrustStore) -> None:
    before = fleet_of(store).document("test")
    device = next(each for each in before.devices if each.origin == "hikvision")
    assert device.path is not None
    assert device.path.step == "judged"
    path = advance(DevicePath(device=DeviceId(device.id)), done(Step.CONTAINED))
    store.put_path(path)
    after = fleet_of(store).document("test")
    (change,) = compare_reports(before, after).changes
    assert (change.what, change.device) == ("step", device.id)
    assert change.sentence.startswith("contained on ")
    assert after.progress is not None
    assert msgspec.json.decode(msgspec.json.encode(after), type=type(after)) == after


OLD = Attributes(
    form_factor="dome", ip_rating=66, ik_rating=10, megapixels=4, hfov=100, ir_m=30,
    hottest_c=50, coldest_c=-30, ports=("mic", "alarm_in"), network="coax",
)  # fmt: skip
GOOD = Attributes(
    maker="Axis", model="P3265-LV", form_factor="dome", ip_rating=67, ik_rating=10, megapixels=4,
    hfov=105, ir_m=40, hottest_c=50, coldest_c=-40, ports=("mic", "alarm_in", "speaker"),
    streaming=("rtsp", "onvif-t"), security=("tls", "signed_firmware"), support_until="2031",
    soc="Artpec-8", country="PL", statement="NDAA letter", statement_date="2026-02-01",
    power_w=12.0,
)  # fmt: skip


def met(path: DevicePath, new: Attributes) -> dict[str, set[Meets]]:
    found: dict[str, set[Meets]] = {}
    for each in compare(path, new):
        found.setdefault(each.attribute, set()).add(each.meets)
    return found


def test_what_meets_all_leaves_only_the_cable_to_be_read() -> None:
    path = msgspec.structs.replace(BARE, needs=OLD, budget_w=15.4)
    counting = {name for name, states in met(path, GOOD).items() if states != {Meets.MEETS}}
    assert counting == {"network"}


@pytest.mark.parametrize(
    ("attribute", "worse"),
    [
        ("form_factor", {"form_factor": "box"}), ("environment", {"ip_rating": 65}),
        ("environment", {"coldest_c": -10}), ("resolution", {"megapixels": 2}),
        ("lens", {"hfov": 80}), ("light", {"ir_m": 20}), ("power", {"power_w": 25.0}),
        ("audio_io", {"ports": ("mic",)}), ("streaming", {"streaming": ("http",)}),
        ("security", {"security": ("tls",)}),
    ],
)  # fmt: skip
def test_what_is_worse_is_told_and_may_be_justified(
    attribute: str, worse: dict[str, object]
) -> None:
    path = msgspec.structs.replace(BARE, needs=OLD, budget_w=15.4)
    new = msgspec.structs.replace(GOOD, **worse)
    assert Meets.FALLS_SHORT in met(path, new)[attribute]
    path = msgspec.structs.replace(path, justified={attribute: "it is indoors now"})
    assert Meets.FALLS_SHORT not in met(path, new)[attribute]


@given(st.floats(1, 50), st.floats(0, 50))
def test_never_less_than_before(old: float, new: float) -> None:
    path = msgspec.structs.replace(BARE, needs=Attributes(megapixels=old))
    states = met(path, Attributes(megapixels=new))["resolution"]
    wanted = Meets.UNKNOWN if not new else Meets.MEETS if new >= old else Meets.FALLS_SHORT
    assert states == {wanted}


def test_its_own_origin_is_judged_by_the_same_rules() -> None:
    when = date(2026, 11, 27)
    listed = origin_of(Attributes(maker="Hikvision", model="DS-2CD2143G2-I"), FACTS, when)
    assert listed
    assert "Hikvision" in listed[0]
    relabelled = origin_of(Attributes(maker="Annke", model="C800"), FACTS, when)
    assert relabelled
    assert origin_of(Attributes(), FACTS, when) == ["Not known: who makes the replacement."]
