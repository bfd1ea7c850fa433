"""Rights as the API tells and takes them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.right import Action, Right
from watchglass.base.ids import CameraId

_NS_PER_MS = 1_000_000
MOST_RIGHTS = 100
_MOST_CAMERAS = 1000

Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Moment = Annotated[int | None, Field(ge=0, lt=2**53)]


class RightBody(BaseModel):
    """Actions on cameras: ``everywhere`` (all, those added later too), or named ones and groups.

    With footage from ``from_ms``, before ``to_ms`` and at most ``back_s`` old, where given; until
    ``expires_ms``. Live pictures are footage of now.
    """

    model_config = ConfigDict(extra="forbid")

    actions: list[Action] = Field(min_length=1, max_length=len(Action))
    everywhere: bool = False
    cameras: list[Id] = Field([], max_length=_MOST_CAMERAS)
    groups: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field([], max_length=100)
    back_s: int | None = Field(None, ge=1, le=100 * 366 * 86400)
    from_ms: Moment = None
    to_ms: Moment = None
    expires_ms: Moment = None

    def right(self) -> Right:
        return Right(
            actions=frozenset(self.actions),
            everywhere=self.everywhere,
            cameras=frozenset(map(CameraId, self.cameras)),
            groups=frozenset(self.groups),
            back_s=self.back_s,
            from_ns=_ns(self.from_ms),
            to_ns=_ns(self.to_ms),
            expires_ns=_ns(self.expires_ms),
        )

    @classmethod
    def of(cls, right: Right) -> Self:
        return cls.model_construct(
            actions=sorted(right.actions),
            everywhere=right.everywhere,
            cameras=sorted(right.cameras),
            groups=sorted(right.groups),
            back_s=right.back_s,
            from_ms=_ms(right.from_ns),
            to_ms=_ms(right.to_ns),
            expires_ms=_ms(right.expires_ns),
        )


Rights = Annotated[list[RightBody], Field(max_length=MOST_RIGHTS)]


def rights_of(bodies: list[RightBody]) -> tuple[Right, ...]:
    return tuple(each.right() for each in bodies)


def _ns(ms: int | None) -> int | None:
    return ms * _NS_PER_MS if ms is not None else None


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
