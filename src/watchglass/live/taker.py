"""Who takes the pictures of a stream as they come: a viewer, or a conversion for some of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from watchglass.model.live import LiveItem


class InThread(Protocol):
    """Calls a function in a thread, off the event loop."""

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Awaitable[Any]: ...


class Taker(Protocol):
    """Of one event loop; neither call waits."""

    def put(self, items: Sequence[LiveItem]) -> None:
        """What the feed brings."""
        ...

    def put_first(self, items: Sequence[LiveItem]) -> None:
        """What was read back from before: goes ahead of all that waits."""
        ...
