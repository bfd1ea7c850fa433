"""What the API needs of masks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.base.ids import CameraId
from watchglass.model.control import DrawMaskRequest, EndMaskRequest
from watchglass.model.mask import Mask, Masking

MaskOrder = DrawMaskRequest | EndMaskRequest


@dataclass(frozen=True, slots=True)
class MaskPorts:
    """All calls block. ``order`` asks the running recorder; the others read the database as it is
    now. ``masking``: what is covered of a camera; ``cameras``: of which anything is."""

    order: Callable[[MaskOrder], CameraId]
    of: Callable[[CameraId], Sequence[Mask]]
    masking: Callable[[CameraId], Masking]
    cameras: Callable[[], frozenset[CameraId]]
