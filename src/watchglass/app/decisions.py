"""What people decide about footage: holds, erasures that two of them want, requests of the filmed.

What they say is in the database; what was done is in the ledger, and that is the truth of it.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from watchglass.app.keeper_port import KeeperPort
from watchglass.app.masks import Note
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import NotFoundError, UsageError, WatchglassError
from watchglass.base.ids import CameraId, HoldId, is_id, random_id
from watchglass.model.act import ActKind
from watchglass.model.control import HoldRequest, ReleaseRequest
from watchglass.model.erasure import (
    AskErasureRequest,
    DecideErasureRequest,
    Erasure,
    ErasureState,
    HoldNote,
)
from watchglass.model.order import EraseSpan, LiftHold, SetHold
from watchglass.model.subject_request import (
    TOLD_DAYS,
    AnswerSubjectRequest,
    SubjectRequest,
    TakeSubjectRequest,
)
from watchglass.store.site import SiteStore

Forget: TypeAlias = Callable[[CameraId, int, int], None]
"""Erases what was understood of a span (UTC ns) of a camera."""
_DAY_NS = 24 * 3600 * NS_PER_S
_MOST_DAYS = 366
_HELD_FOR = "a person's request"
_LOG = log.get("decisions")


class Decisions:
    """Of one site. Thread-safe as far as its store and keeper are."""

    def __init__(
        self, store: SiteStore, keeper: KeeperPort, note: Note, clock: Clock, forget: Forget
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._note = note
        self._clock = clock
        self._forget = forget
        self._due_told: set[tuple[str, int]] = set()

    def ways(self) -> dict[type, Callable[[Any], CameraId | None]]:
        """Who carries out which request."""
        return {
            HoldRequest: self.hold,
            ReleaseRequest: self.release,
            AskErasureRequest: self.ask_erasure,
            DecideErasureRequest: self.decide_erasure,
            TakeSubjectRequest: self.take_request,
            AnswerSubjectRequest: self.answer_request,
        }

    # --- holds -------------------------------------------------------------------------------

    def hold(self, request: HoldRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        if not request.reason.strip():
            raise UsageError("A hold needs a reason: --reason 'why'.")
        if not is_id(request.hold) or request.to_ns <= request.from_ns:
            raise UsageError("The span to hold ends before it begins: give a later --to.")
        if request.until_ns is not None and request.until_ns <= self._clock.wall_ns():
            raise UsageError("The hold would be over already: give a later end.")
        self._set_hold(camera.id, request)
        return camera.id

    def _set_hold(self, camera: CameraId, asked: HoldRequest, subject: str = "") -> None:
        self._keeper.order(
            SetHold(
                camera, asked.hold, asked.from_ns, asked.to_ns, asked.by, asked.reason,
                asked.until_ns,
            )
        )  # fmt: skip
        self._store.note_hold(
            HoldNote(
                asked.hold, camera, asked.from_ns, asked.to_ns, asked.until_ns, asked.by,
                asked.reason, self._clock.wall_ns(), subject,
            )
        )  # fmt: skip

    def release(self, request: ReleaseRequest) -> CameraId:
        if not request.reason.strip():
            raise UsageError("Lifting a hold needs a reason: --reason 'why'.")
        self._lift(request.camera, request.hold, request.by, request.reason)
        return request.camera

    def _lift(self, camera: CameraId, hold: str, by: str, reason: str) -> None:
        self._keeper.order(LiftHold(camera, HoldId(hold), by, reason))
        self._store.drop_hold_note(hold)

    def keep_up(self) -> None:
        """Holds whose end has come are lifted; names of requests that were answered long ago go."""
        now_ns = self._clock.wall_ns()
        answered = {
            each.id for each in self._store.subject_requests() if each.answered_ns is not None
        }
        for note in self._store.hold_notes().values():
            over = note.until_ns is not None and note.until_ns <= now_ns
            if not over and note.request not in answered:
                continue
            try:
                self._lift(note.camera, note.id, "", "its end has come")
            except NotFoundError:  # lifted, and only the note was left
                self._store.drop_hold_note(note.id)
            except WatchglassError as error:
                _LOG.error("hold_not_lifted", hold=note.id, error=error.sentence)
        if gone := self._store.forget_subjects():
            _LOG.info("requests_forgotten", count=gone)

    # --- erasures ----------------------------------------------------------------------------

    def ask_erasure(self, request: AskErasureRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        if not is_id(request.erasure):
            raise UsageError("An erasure needs an id.")
        self._store.ask_erasure(
            Erasure(
                request.erasure, camera.id, request.from_ns, request.to_ns, request.by,
                self._clock.wall_ns(), request.reason.strip(), request=request.request,
            )
        )  # fmt: skip
        self._tell(camera.id, request.by, f"asked for {request.erasure[:8]}: {request.reason}")
        return camera.id

    def decide_erasure(self, request: DecideErasureRequest) -> CameraId:
        """Approved, it is ordered first: what the keeper refuses stays asked for."""
        found = self._store.may_decide(request.erasure, request.state, request.by)
        match request.state:
            case ErasureState.APPROVED:
                self._erase(found, request.by)
            case ErasureState.REFUSED | ErasureState.WITHDRAWN:
                what = f"{request.state.value} {found.id[:8]}"
                why = f": {request.note.strip()}" if request.note.strip() else ""
                self._tell(found.camera, request.by, what + why)
            case ErasureState.ASKED:
                raise UsageError("Approve it, refuse it, or withdraw it.")
        self._store.decide_erasure(found.id, request.state, request.by, request.note.strip())
        return found.camera

    def _erase(self, erasure: Erasure, approved_by: str) -> None:
        own = [
            note
            for note in self._store.hold_notes().values()
            if erasure.request and note.request == erasure.request
            and note.camera == erasure.camera
        ]  # fmt: skip
        # Held for who asks that it goes: it goes. What somebody else holds refuses it all the same.
        for note in own:
            self._lift(note.camera, note.id, approved_by, "erased, as was asked for")
        try:
            self._keeper.order(
                EraseSpan(
                    erasure.camera, erasure.id, erasure.from_ns, erasure.to_ns, erasure.asked_by,
                    approved_by, erasure.reason,
                )
            )  # fmt: skip
        except WatchglassError:
            for note in own:
                self._hold_for(erasure.request, note.camera, note.from_ns, note.to_ns, note.by)
            raise
        try:
            self._forget(erasure.camera, erasure.from_ns, erasure.to_ns)
        except WatchglassError as error:  # done again within the hour
            _LOG.error("not_forgotten", erasure=erasure.id, error=error.sentence)

    def _tell(self, camera: CameraId, by: str, detail: str) -> None:
        self._note(ActKind.ERASURE_CHANGED, camera, by, detail)

    # --- requests of people ------------------------------------------------------------------

    def take_request(self, request: TakeSubjectRequest) -> None:
        if not is_id(request.request) or not 0 < request.days <= _MOST_DAYS:
            raise UsageError(f"A request is answered within 1 to {_MOST_DAYS} days.")
        cameras = tuple(
            self._store.find_camera(each, with_credentials=False).id for each in request.cameras
        )
        now_ns = self._clock.wall_ns()
        self._store.take_subject(
            SubjectRequest(
                request.request, request.who.strip(), request.contact.strip(),
                request.said.strip(), cameras, request.from_ns, request.to_ns, now_ns,
                now_ns + request.days * _DAY_NS, request.by,
            )
        )  # fmt: skip
        for camera in cameras:
            self._hold_for(
                request.request, camera, request.from_ns, request.to_ns, request.by
            )  # fmt: skip
            self._note(
                ActKind.REQUEST_CHANGED, camera, request.by, f"took in {request.request[:8]}"
            )

    def due(self) -> list[str]:
        """A sentence for each request whose deadline has come nearer; each is told once a life of
        the recorder."""
        now_ns = self._clock.wall_ns()
        told: list[str] = []
        for each in self._store.subject_requests():
            left_ns = each.deadline_ns - now_ns
            near = [days for days in TOLD_DAYS if left_ns <= days * _DAY_NS]
            if each.outcome is not None or not near or (each.id, near[-1]) in self._due_told:
                continue
            self._due_told |= {(each.id, days) for days in near}
            days_left = -(-left_ns // _DAY_NS)
            when = f"in {days_left} day(s)" if left_ns > 0 else "now: the deadline is over"
            told.append(
                f"The request {each.id[:8]} of somebody who was filmed is to be answered {when}. "
                "See Requests."
            )
        return told

    def _hold_for(self, subject: str, camera: CameraId, from_ns: int, to_ns: int, by: str) -> None:
        hold = HoldId(random_id())
        self._set_hold(camera, HoldRequest(camera, hold, from_ns, to_ns, by, _HELD_FOR), subject)

    def answer_request(self, request: AnswerSubjectRequest) -> None:
        found = self._store.subject_request(request.request)
        self._store.answer_subject(found.id, request.outcome, request.answer, request.by)
        for note in self._store.hold_notes().values():
            if note.request == found.id:
                self._lift(note.camera, note.id, request.by, "the request is answered")
        for camera in found.cameras:
            self._note(
                ActKind.REQUEST_CHANGED, camera, request.by,
                f"answered {found.id[:8]}: {request.outcome.value}",
            )  # fmt: skip
