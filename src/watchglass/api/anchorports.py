"""What the API needs of anchors."""

from collections.abc import Callable
from dataclasses import dataclass

from watchglass.model.stamping import (
    AnchorNowRequest,
    AnchorsRequest,
    AnchorsTold,
    AuthorityChange,
)

AnchorOrder = AnchorNowRequest | AnchorsRequest | AuthorityChange


@dataclass(frozen=True, slots=True)
class AnchorPorts:
    """Both ask the running recorder, and block. ``heads``: a line for each ledger."""

    order: Callable[[AnchorOrder], AnchorsTold]
    heads: Callable[[], tuple[bytes, ...]]
