"""The label: which brand a device carries, by what people and the device itself say."""

from collections import defaultdict
from collections.abc import Sequence

from watchglass.trust.brand import Brand
from watchglass.trust.evidence import Evidence
from watchglass.trust.fusion import Sign, added, chances
from watchglass.trust.verdict import BrandVerdict, Certainty, Reason

BRAND_LEAST = 0.35
BOX = 0.9
"""How far what people wrote from the box is its brand."""


def judge_brand(evidence: Sequence[Evidence]) -> BrandVerdict:
    signs: dict[str, list[Sign]] = defaultdict(list)
    reasons: dict[str, list[Reason]] = defaultdict(list)
    brands: dict[str, Brand] = {}
    stated = {each.brand.key for each in evidence if each.brand is not None and each.stated}
    passing: dict[str, None] = {}
    for each in evidence:
        if each.brand is None:
            continue
        if stated and each.brand.key not in stated:
            # “Dahua was here” is no label where a field names the maker.
            passing[each.brand.name] = None
            continue
        weight = BOX if each.family == "paper" else each.fingerprint.weight / 100
        brands[each.brand.key] = each.brand
        signs[each.brand.key].append(Sign(each.family, weight))
        reasons[each.brand.key].append(Reason(each.sentence, each, weight))
    if not brands:
        return BrandVerdict(None, 0.0, Certainty.UNKNOWN)
    found = chances({key: added(of_one) for key, of_one in signs.items()})
    best = max(sorted(found), key=lambda key: found[key])
    others = tuple(
        brands[key].name for key in sorted(found, key=lambda k: -found[k]) if key != best
    ) + tuple(passing)
    if found[best] < BRAND_LEAST:
        return BrandVerdict(
            None, found[best], Certainty.UNKNOWN, tuple(reasons[best]), others, brands[best].name
        )
    sure = Certainty.CERTAIN if found[best] >= BOX else Certainty.SUSPECTED
    return BrandVerdict(brands[best], found[best], sure, tuple(reasons[best]), others)
