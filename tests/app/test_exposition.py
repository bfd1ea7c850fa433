"""Numbers as Prometheus reads them, read by Prometheus's own parser."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from watchglass.app.exposition import ALL, exposition
from watchglass.model.metric import Metric, MetricKind, Sample

BY_NAME = {metric.name: metric for metric in ALL}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.integers(0, 2**53).map(float) | st.floats(0, 1e15)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    metric = draw(st.sampled_from(ALL))
    return metric.at(draw(values), *(draw(texts) for _ in metric.labels))


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@given(st.lists(samples(), max_size=12))
def test_what_is_written_is_read(found: list[Sample]) -> None:
    """Whatever a camera or a person is called: labels are hostile text."""
    expected = {
        (
            each.metric,
            tuple(sorted(zip(BY_NAME[each.metric].labels, each.labels, strict=True))),
        ): each.value
        for each in found
    }
    assert parsed(exposition(found)) == expected


def test_families_have_their_kind_and_their_explanation() -> None:
    text = exposition([metric.at(1, *("x" for _ in metric.labels)) for metric in ALL])
    families = list(text_string_to_metric_families(text))
    assert len(families) == len(ALL)
    for metric in ALL:
        name = metric.name.removesuffix("_total")
        (family,) = (each for each in families if each.name in (metric.name, name))
        assert family.type == metric.kind.value
        assert metric.means in family.documentation
        assert f"Normal: {metric.normal}" in family.documentation
        assert f"Otherwise: {metric.otherwise}" in family.documentation


def test_the_tables_keep_the_rules_of_names() -> None:
    assert len(BY_NAME) == len(ALL)
    for metric in ALL:
        assert re.fullmatch(r"watchglass_[a-z][a-z0-9_]*", metric.name)
        assert (metric.kind is MetricKind.COUNTER) == metric.name.endswith("_total"), metric.name
        assert all(re.fullmatch(r"[a-z]+", label) for label in metric.labels)
        for sentence in (metric.means, metric.normal, metric.otherwise):
            assert sentence.endswith("."), metric.name


def test_every_queue_and_hop_names_its_policy() -> None:
    """A number of what was dropped says by which rule."""
    dropped = [metric for metric in ALL if re.search("dropped|refused|lost_total", metric.name)]
    assert len(dropped) > 6
    for metric in dropped:
        named = "policy" in metric.labels or "policy:" in metric.means
        assert named or metric.name == "watchglass_stream_lost_packets_total", metric.name


def test_what_no_table_names_is_left_out_and_the_later_of_two_counts() -> None:
    metric = ALL[0]
    found = [
        Sample("watchglass_of_tomorrow", (), 1), metric.at(1), metric.at(0),
        Sample(metric.name, ("one", "too", "many"), 5),
    ]  # fmt: skip
    assert parsed(exposition(found)) == {(metric.name, ()): 0.0}
    assert exposition([]) == ""


def test_the_page_for_admins_explains_every_number() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(watchglass_\w+)`[^|]*\| (.*) \|$", page, re.MULTILINE))
    assert rows.keys() == BY_NAME.keys()
    for metric in ALL:
        assert rows[metric.name] == row(metric)


def row(metric: Metric) -> str:
    """What stands behind the name: run this file to write the rows anew."""
    return f"{metric.means} | {metric.normal} | {metric.otherwise}".replace("'", "`")


if __name__ == "__main__":
    for each in ALL:
        labels = f" {{{', '.join(each.labels)}}}" if each.labels else ""
        print(f"| `{each.name}`{labels} | {row(each)} |")
