"""The log as the API gives it: read by who may, filtered, checked, and itself in the log."""

from collections.abc import Iterator

import pytest

from tests.api.recorded import Browser, Recorded, Running, running
from tests.app.running import wait_until
from watchglass.base.ids import ActId, LookId, random_id
from watchglass.model.act import Act, ActKind
from watchglass.model.look import Look, LookKind
from watchglass.model.order import NotePeople
from watchglass.model.stream import StreamName

LOG = "/api/v1/log"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Browser]]:
    recorded = Recorded(tmp_path_factory.mktemp("site"))
    recorded.record(1)
    site = recorded.site
    now_ns = site.clock.wall_ns()
    look = Look(
        LookId(random_id()), "anna", recorded.camera, StreamName.MAIN, LookKind.PLAYBACK,
        now_ns - 9, now_ns, unmasked=True, reason=HOSTILE,
    )  # fmt: skip
    act = Act(ActId(random_id()), "bert", ActKind.SEARCHED, now_ns, None, "a red car")
    assert site.order(NotePeople((look, act))) == ""
    with running(recorded) as (at, browser):
        yield at, browser
    recorded.close()


def test_what_was_done_newest_first(served: tuple[Running, Browser]) -> None:
    _, browser = served
    page = browser.get(LOG).json()
    assert [line["what"] for line in page["lines"]][:2] == ["searched", "looked"]
    assert page["before"] is None
    looked = page["lines"][1]
    assert (looked["by"], looked["reason"], looked["unmasked"]) == ("anna", HOSTILE, True)
    assert looked["how"] == "playback"
    assert looked["camera_name"]


def test_filters_and_pages(served: tuple[Running, Browser]) -> None:
    _, browser = served
    of_anna = browser.get(LOG, params={"by": "anna"}).json()["lines"]
    assert {line["by"] for line in of_anna} == {"anna"}
    two = browser.get(LOG, params={"what": ["looked", "searched"]}).json()["lines"]
    assert len(two) == 2
    first = browser.get(LOG, params={"most": 1}).json()
    rest = browser.get(LOG, params={"before": first["before"]}).json()
    assert first["lines"][0]["n"] > rest["lines"][0]["n"]


@pytest.mark.parametrize(
    "query",
    [
        {"before": "../../../etc/passwd"}, {"before": "x" * 40}, {"camera": "no"},
        {"what": "Upper"}, {"from_ms": "-1"}, {"most": 0}, {"most": 501}, {"by": "x" * 201},
    ],
)  # fmt: skip
def test_a_bad_question_is_refused(served: tuple[Running, Browser], query: dict[str, str]) -> None:
    assert served[1].get(LOG, params=query).status_code in (400, 404)


def test_reading_is_noted_once_in_ten_minutes(served: tuple[Running, Browser]) -> None:
    at, browser = served

    def reads() -> list[str]:
        return [act.detail for act in at.of.acts if act.kind is ActKind.LOG_READ]

    for _ in range(3):
        browser.get(LOG, params={"by": "carla"})
    wait_until(lambda: reads().count("by carla") == 1)
    at.of.recorded.site.clock.advance(601 * 1_000_000_000)
    browser.get(LOG, params={"by": "carla"})
    wait_until(lambda: reads().count("by carla") == 2)


def test_the_log_is_checked(served: tuple[Running, Browser]) -> None:
    at, browser = served
    check = browser.send("POST", f"{LOG}/check").json()
    assert check["findings"] == []
    assert check["lines"] >= check["head"]["lines"] > 0
    assert len(check["head"]["root"]) == 64
    wait_until(lambda: any(act.kind is ActKind.LOG_CHECKED for act in at.of.acts))


def test_how_long_names_are_kept(served: tuple[Running, Browser]) -> None:
    _, browser = served
    assert browser.get(f"{LOG}/state").json()["names_h"] == 180 * 24
    assert browser.send("PUT", f"{LOG}/state", {"names_h": 48}).status_code == 204
    assert browser.get(f"{LOG}/state").json()["names_h"] == 48
    assert browser.send("PUT", f"{LOG}/state", {"names_h": 1}).status_code == 400
