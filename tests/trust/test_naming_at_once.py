"""Two processes that judge at once, and both find devices that have no id yet."""

from pathlib import Path

from tests.trust.seeing import AT_NS, HIK_MAC, see
from watchglass.base.ids import DeviceId
from watchglass.store.trust import TrustStore
from watchglass.trust.facts import read_facts
from watchglass.trust.fleet import judge_fleet


class _Overtaken(TrustStore):
    """Another process names the devices just after this one has read their names."""

    by: Path | None = None
    others: list[DeviceId]

    def device_names(self) -> dict[str, DeviceId]:
        found = super().device_names()
        if self.by is not None:
            other = TrustStore(self.by)
            self.by = None
            self.others = [each.id for each in judge_fleet(other, read_facts(), AT_NS).judgements]
            other.close()
        return found


def test_both_tell_the_same_ids(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    store = _Overtaken(path)
    store.add_observations(see("sadp answer sadp", "http server App-webs/", mac=HIK_MAC))
    store.add_observations(see("http server Boa", address="10.0.0.6"))
    store.by = path
    found = [each.id for each in judge_fleet(store, read_facts(), AT_NS).judgements]
    assert found
    assert found == store.others
    store.close()
