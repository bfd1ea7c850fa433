"""What many devices share, said once: why a rule is as it is, and what a sign rests on."""

from watchglass.trust.report.document import DocDevice, Document, Ruled


class Legend:
    """Numbers for reasons that repeat, in the order in which devices need them."""

    def __init__(self, document: Document) -> None:
        self._numbers: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._counts: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self.names = {each.id: each.instrument for each in document.rules}
        self.signs: dict[str, tuple[int, str]] = {}
        for device in document.devices:
            self._add(device)

    def _add(self, device: DocDevice) -> None:
        for ruled in device.rules:
            if ruled.outcome != "does_not":
                key = _key(ruled)
                self._numbers.setdefault(key, len(self._numbers) + 1)
                self._counts[key] = self._counts.get(key, 0) + 1
        for because in (*device.because, *device.against):
            if because.fingerprint:
                self.signs[because.fingerprint] = (because.weight, because.source)

    def code(self, ruled: Ruled) -> str:
        """What stands for a rule's outcome and its reasons."""
        return f"R{self._numbers[_key(ruled)]}"

    def reasons(self) -> list[tuple[str, str, str, str, int]]:
        """Each code with its rule, outcome, reasons and number of devices."""
        return [
            (f"R{number}", self.names[rule], outcome, "; ".join(reasons),
             self._counts[rule, outcome, reasons])
            for (rule, outcome, reasons), number in self._numbers.items()
        ]  # fmt: skip


def _key(ruled: Ruled) -> tuple[str, str, tuple[str, ...]]:
    return ruled.rule, ruled.outcome, ruled.reasons
