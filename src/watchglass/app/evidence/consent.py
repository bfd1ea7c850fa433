"""Who has to agree to an evidence bundle, and who may: never the one who asks."""

from collections.abc import Callable, Iterable

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.ids import ActId, CameraId, random_id
from watchglass.model.act import Act, ActKind
from watchglass.model.export import Consent, Decision, Export, ExportedCamera, ExportState
from watchglass.model.export_control import ActOnExportRequest, ConsentRuleRequest, ExportAct
from watchglass.model.look import Look
from watchglass.store.site import SiteStore

_H_NS = 3600 * NS_PER_S


def demands_consent(store: SiteStore, cameras: Iterable[CameraId]) -> bool:
    """Whether the site, or one of the cameras, demands a second person."""
    if store.consent_rule().needed:
        return True
    return any(store.statement(each).export_consent for each in set(cameras))


def require_consent(store: SiteStore, looks: Iterable[Look], consent: Consent) -> None:
    """Return if a bundle of these may be begun; RefusedError otherwise."""
    if consent in (Consent.GIVEN, Consent.EMERGENCY):
        return
    if demands_consent(store, (each.camera for each in looks)):
        raise RefusedError(
            "Evidence of this takes a second person's consent: ask for it on the page, or say "
            "--emergency, and a second person looks at it afterwards."
        )


def review_due_ns(store: SiteStore, now_ns: int) -> int:
    return now_ns + store.consent_rule().review_h * _H_NS


def decided(export: Export, act: ActOnExportRequest, now_ns: int) -> Export:
    """The export once a second person has said yes or no."""
    agrees = act.act in (ExportAct.APPROVE, ExportAct.ACCEPT)
    if not agrees and not act.reason.strip():
        raise UsageError("Say why not: whoever asked has to know.")
    if _same(export, act):
        raise RefusedError(
            "Whoever asks for evidence cannot agree to it: a second person has to look at it."
        )
    decision = Decision(agrees, act.by, act.by_id, now_ns, act.reason.strip())
    if act.act in (ExportAct.ACCEPT, ExportAct.OBJECT):
        if export.consent is not Consent.EMERGENCY or export.review is not None:
            raise RefusedError("There is nothing to review: somebody has, or none was needed.")
        return _with(export, review=decision)
    if export.state is not ExportState.ASKED:
        raise RefusedError("This one does not wait for consent any more.")
    return _with(
        export, decision=decision,
        consent=Consent.GIVEN if agrees else Consent.REFUSED,
        state=ExportState.WAITING if agrees else ExportState.REFUSED,
    )  # fmt: skip


def change_rule(
    store: SiteStore, note: Callable[[Act], None], request: ConsentRuleRequest, now_ns: int
) -> None:
    """Change the site's rule; it is in the ledger first."""
    rule = request.rule
    if not 1 <= rule.review_h <= 30 * 24:
        raise UsageError("An emergency is reviewed within an hour at least, 30 days at most.")
    words = "takes a second person" if rule.needed else "takes no second person"
    detail = f"evidence of all cameras {words}; emergencies are reviewed in {rule.review_h} h"
    note(Act(ActId(random_id()), request.by, ActKind.SETTING_CHANGED, now_ns, None, detail))
    store.set_consent_rule(rule)


def _same(export: Export, act: ActOnExportRequest) -> bool:
    if export.by_id and act.by_id == export.by_id:
        return True
    return act.by.strip().casefold() == export.by.strip().casefold()


def checked_cameras(
    store: SiteStore, cameras: Iterable[ExportedCamera]
) -> tuple[ExportedCamera, ...]:
    """With their names of now, and whether masks hide a part of them; RefusedError where that was
    not asked for."""
    found: dict[CameraId, ExportedCamera] = {}
    for each in cameras:
        camera = store.camera(each.id, with_credentials=False)
        hides = store.masking(camera.id).hides
        if hides and not each.unmasked:
            raise RefusedError(
                f"Masks hide a part of {camera.name}, and evidence is the recording as it is: say "
                "that what they hide is to be handed out, too."
            )
        found[camera.id] = ExportedCamera(camera.id, camera.name, hides)
    if not found:
        raise UsageError("An evidence bundle is of at least one camera.")
    return tuple(found.values())


def _with(export: Export, **changes: object) -> Export:
    return msgspec.structs.replace(export, **changes)
