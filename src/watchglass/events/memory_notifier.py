"""A notifier into memory: the reference that `events.notifier_suite` is tried on."""

import msgspec

from watchglass.model.notifier import Connect, NotTakenError, Parcel


class MemorySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``refuses``: nothing is taken."""

    refuses: bool = False


class MemoryNotifier:
    """Keeps what it is given in ``taken``, the same number once."""

    def __init__(self, taken: dict[int, Parcel], *, refuses: bool = False) -> None:
        self._taken = taken
        self._refuses = refuses
        self._closed = False

    def send(self, parcel: Parcel) -> None:
        """See `Notifier.send`."""
        if self._closed:
            raise NotTakenError("This was closed by us.")
        if self._refuses:
            raise NotTakenError("The memory takes nothing.")
        self._taken.setdefault(parcel.number, parcel)

    def close(self) -> None:
        """See `Notifier.close`."""
        self._closed = True


class MemoryKind:
    """See `NotifierKind`."""

    settings: type[msgspec.Struct] = MemorySettings

    def __init__(self) -> None:
        self.taken: dict[int, Parcel] = {}

    def make(self, settings: MemorySettings, connect: Connect, timeout_s: float) -> MemoryNotifier:
        """See `NotifierKind.make`."""
        return MemoryNotifier(self.taken, refuses=settings.refuses)
