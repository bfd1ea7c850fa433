"""The rules of cameras: what somebody wants to be told of, or counted."""

import msgspec
import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.rule import MOST_RULES, NEEDS_PURPOSE, Rule, RuleId
from watchglass.store.database import Database
from watchglass.store.site_tables import RULES

_RULE: msgspec.json.Decoder[Rule] = msgspec.json.Decoder(Rule)


class SiteRules:
    """Rules: a part of ``SiteStore``, whose rules for errors hold. Who sets one has checked it
    (`model.rule.checked_rule`)."""

    _database: Database
    _clock: Clock

    def rules(self, camera: CameraId | None = None) -> tuple[Rule, ...]:
        """Those of a camera, or all, in the order they were made."""
        asked = sa.select(RULES.c.rule).order_by(RULES.c.made_ns, RULES.c.id)
        if camera is not None:
            asked = asked.where(RULES.c.camera == camera)
        with self._database.read() as connection:
            return tuple(self._rule(each) for each in connection.scalars(asked))

    def set_rule(self, rule: Rule, by: str, *, new: bool) -> None:
        """Make it, or change it. NotFoundError for one to be changed that is not there."""
        one = (RULES.c.id == rule.id, RULES.c.camera == rule.camera)
        row: dict[str, object] = {
            "rule": msgspec.json.encode(rule), "area": rule.area, "made_by": by,
        }  # fmt: skip
        with self._database.write() as connection:
            found = connection.scalar(sa.select(RULES.c.id).where(*one))
            if found is not None:
                connection.execute(sa.update(RULES).where(*one).values(**row))
                return
            if not new:
                raise no_rule()
            of_camera = sa.select(sa.func.count()).where(RULES.c.camera == rule.camera)
            if (connection.scalar(of_camera) or 0) >= MOST_RULES:
                raise RefusedError(f"A camera has at most {MOST_RULES} rules: take one away first.")
            row |= {"id": rule.id, "camera": rule.camera, "made_ns": self._clock.wall_ns()}
            connection.execute(sa.insert(RULES).values(**row))

    def drop_rule(self, camera: CameraId, rule: RuleId) -> Rule:
        """Forget it; the rule as it was."""
        one = (RULES.c.id == rule, RULES.c.camera == camera)
        with self._database.write() as connection:
            found = connection.scalar(sa.select(RULES.c.rule).where(*one))
            if found is None:
                raise no_rule()
            connection.execute(sa.delete(RULES).where(*one))
        return self._rule(found)

    def refuse_rules(self, camera: CameraId, why: str) -> tuple[Rule, ...]:
        """Switch off what watches how people behave; the rules that held until now."""
        off = [each for each in self.rules(camera) if each.kind in NEEDS_PURPOSE and each.enabled]
        with self._database.write() as connection:
            for each in off:
                rule = msgspec.structs.replace(each, enabled=False, off_why=why)
                values = {"rule": msgspec.json.encode(rule)}
                connection.execute(sa.update(RULES).where(RULES.c.id == each.id).values(**values))
        return tuple(off)

    def _rule(self, found: bytes) -> Rule:
        try:
            return _RULE.decode(found)
        except msgspec.MsgspecError as error:
            raise self._database.damaged(f"a rule of a camera: {error}") from error


def no_rule() -> NotFoundError:
    return NotFoundError("This camera has no such rule: see 'watchglass rule list'.")
