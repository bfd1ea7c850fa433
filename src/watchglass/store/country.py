"""What a country's rules mean for how long footage is kept."""

RETENTION_EEA_H = 72
RETENTION_ELSEWHERE_H = 14 * 24
# The 27 of the European Union; Iceland, Liechtenstein, Norway.
EEA = frozenset(
    """
    AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK
    IS LI NO
    """.split()  # noqa: SIM905 - a list of thirty literals is a screen of quotes
)
# Codes in wide use that ISO 3166 has under another; Greece would otherwise fall out of the EEA.
SAME_COUNTRY = {"EL": "GR", "UK": "GB"}


def default_retention_h(country: str | None) -> int:
    """Hours that footage is kept unless somebody says otherwise; ``None`` while none is stated."""
    return RETENTION_EEA_H if country in EEA else RETENTION_ELSEWHERE_H
