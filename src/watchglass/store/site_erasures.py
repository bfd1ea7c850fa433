"""Who asked for an erasure and who decided, who holds what and why, and requests of people."""

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.erasure import MOST_REASON, Erasure, ErasureState, HoldNote
from watchglass.model.subject_request import KEPT_DAYS, RequestOutcome, SubjectRequest
from watchglass.store.database import Database
from watchglass.store.kept_reading import KeptReading
from watchglass.store.site_tables import ERASURES, HOLDS, SUBJECTS

_DAY_NS = 24 * 3600 * NS_PER_S
_CAMERAS: msgspec.json.Decoder[tuple[CameraId, ...]] = msgspec.json.Decoder(tuple[CameraId, ...])


class SiteErasures:
    """A part of ``SiteStore``, whose rules for errors hold."""

    _database: Database
    _clock: Clock
    _holds: KeptReading[Mapping[str, HoldNote]]
    _subjects: KeptReading[tuple[SubjectRequest, ...]]

    # --- erasures ----------------------------------------------------------------------------

    def erasures(self) -> tuple[Erasure, ...]:
        """All, the newest first."""
        with self._database.read() as connection:
            asked = sa.select(ERASURES).order_by(ERASURES.c.asked_ns.desc(), ERASURES.c.id)
            return tuple(_erasure(row) for row in connection.execute(asked).mappings())

    def erasure(self, erasure: str) -> Erasure:
        """NotFoundError where nobody asked for it."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(ERASURES).filter_by(id=erasure)).mappings().first()
        if row is None:
            raise NotFoundError("Nobody asked for such an erasure: see 'watchglass erase list'.")
        return _erasure(row)

    def ask_erasure(self, erasure: Erasure) -> None:
        """UsageError without a reason, or for a span that ends before it begins."""
        if not erasure.reason.strip():
            raise UsageError("An erasure needs a reason: it is kept, with who asked.")
        if len(erasure.reason) > MOST_REASON:
            raise UsageError(f"A reason has at most {MOST_REASON} characters.")
        if erasure.to_ns <= erasure.from_ns or erasure.from_ns < 0:
            raise UsageError("The span to erase ends before it begins.")
        if erasure.to_ns > self._clock.wall_ns():
            raise UsageError("What is yet to be recorded cannot be erased: pause the camera.")
        with self._database.write() as connection:
            connection.execute(sa.insert(ERASURES).values(**msgspec.structs.asdict(erasure)))

    def may_decide(self, erasure: str, state: ErasureState, by: str) -> Erasure:
        """The one that is to be decided; RefusedError where that is done, or not this person's."""
        found = self.erasure(erasure)
        if found.state is not ErasureState.ASKED:
            raise RefusedError(f"This erasure was {found.state.value} already.")
        if state is ErasureState.WITHDRAWN:
            return found
        if not by or by == found.asked_by:
            raise RefusedError("You asked for this erasure: somebody else decides.")
        return found

    def decide_erasure(self, erasure: str, state: ErasureState, by: str, note: str) -> None:
        one = (ERASURES.c.id == erasure, ERASURES.c.state == ErasureState.ASKED.value)
        values = {
            "state": state.value, "decided_by": by, "note": note[:MOST_REASON],
            "decided_ns": self._clock.wall_ns(),
        }  # fmt: skip
        with self._database.write() as connection:
            if not connection.execute(sa.update(ERASURES).where(*one).values(**values)).rowcount:
                raise RefusedError("This erasure is decided already.")

    # --- holds -------------------------------------------------------------------------------

    def hold_notes(self) -> dict[str, HoldNote]:
        """Who set which hold, and why, by the hold's id; that it is lifted the ledger says."""
        return dict(self._holds())

    def _holds_of(self, connection: sa.Connection) -> Mapping[str, HoldNote]:
        rows = connection.execute(sa.select(HOLDS)).mappings()
        return {row["id"]: msgspec.convert(_plain(row), HoldNote) for row in rows}

    def note_hold(self, note: HoldNote) -> None:
        with self._database.write() as connection:
            connection.execute(sa.insert(HOLDS).values(**msgspec.structs.asdict(note)))

    def drop_hold_note(self, hold: str) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(HOLDS).filter_by(id=hold))

    # --- requests of people ------------------------------------------------------------------

    def subject_requests(self) -> tuple[SubjectRequest, ...]:
        """All, those to be answered first, by deadline."""
        return self._subjects()

    def _subjects_of(self, connection: sa.Connection) -> tuple[SubjectRequest, ...]:
        asked = sa.select(SUBJECTS).order_by(
            SUBJECTS.c.answered_ns.is_not(None), SUBJECTS.c.deadline_ns
        )
        return tuple(_subject(row) for row in connection.execute(asked).mappings())

    def subject_request(self, request: str) -> SubjectRequest:
        """NotFoundError where there is none."""
        for each in self.subject_requests():
            if each.id == request:
                return each
        raise NotFoundError("There is no such request: see 'watchglass request list'.")

    def take_subject(self, request: SubjectRequest) -> None:
        """UsageError for one that names no camera, nobody to answer, or no span."""
        if not request.contact.strip():
            raise UsageError("A request needs a way to answer it: an address, or a number.")
        if not request.cameras:
            raise UsageError("A request is about at least one camera.")
        if request.to_ns <= request.from_ns:
            raise UsageError("The span of the request ends before it begins.")
        values = msgspec.structs.asdict(request)
        values["cameras"] = msgspec.json.encode(request.cameras).decode()
        with self._database.write() as connection:
            connection.execute(sa.insert(SUBJECTS).values(**values))

    def answer_subject(self, request: str, outcome: RequestOutcome, answer: str, by: str) -> None:
        """RefusedError where it is answered; UsageError for a refusal without a reason."""
        if outcome is RequestOutcome.REFUSED and not answer.strip():
            raise UsageError("Whoever is refused is told why: give the reason.")
        one = (SUBJECTS.c.id == request, SUBJECTS.c.answered_ns.is_(None))
        values = {
            "outcome": outcome.value, "answer": answer.strip()[:MOST_REASON], "answered_by": by,
            "answered_ns": self._clock.wall_ns(),
        }  # fmt: skip
        with self._database.write() as connection:
            if not connection.execute(sa.update(SUBJECTS).where(*one).values(**values)).rowcount:
                raise RefusedError("There is no such request that is not answered yet.")

    def forget_subjects(self) -> int:
        """Erase names, contacts and words of who was answered long enough ago; of how many."""
        now_ns = self._clock.wall_ns()
        before_ns = now_ns - KEPT_DAYS * _DAY_NS
        if not any(
            each.forgotten_ns is None and each.answered_ns is not None
            and each.answered_ns < before_ns
            for each in self._subjects()
        ):  # fmt: skip
            return 0
        old = (SUBJECTS.c.answered_ns < before_ns, SUBJECTS.c.forgotten_ns.is_(None))
        gone = {"who": "", "contact": "", "said": "", "forgotten_ns": now_ns}
        with self._database.write() as connection:
            return connection.execute(sa.update(SUBJECTS).where(*old).values(**gone)).rowcount


def _erasure(row: sa.RowMapping) -> Erasure:
    return msgspec.convert(_plain(row), Erasure)


def _subject(row: sa.RowMapping) -> SubjectRequest:
    cameras = _CAMERAS.decode(row["cameras"])
    return msgspec.convert(_plain(row) | {"cameras": cameras}, SubjectRequest)


def _plain(row: sa.RowMapping) -> dict[str, object]:
    """With names that are strings and nothing else: a column's name may be more."""
    return {str(name): value for name, value in row.items()}
