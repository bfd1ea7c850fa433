"""Steps of devices on their way out: into the site's ledger first, then to what is planned."""

from contextlib import closing
from pathlib import Path

import msgspec

from watchglass.app.keeper_port import KeeperPort
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.model.device_path import DevicePath, StepDone, StepRequest
from watchglass.model.observation import bounded
from watchglass.model.order import NoteStep
from watchglass.store.trust import TrustStore
from watchglass.trust.path import advance, take_back

_MOST_NOTE = 500


def note_step(
    site_db: Path, keeper: KeeperPort, clock: Clock, disk: Disk, request: StepRequest
) -> None:
    """Raises what is missing before the step can be said; then nothing is noted."""
    with closing(TrustStore(site_db, disk)) as trust:
        known = next((each for each in trust.paths() if each.device == request.device), None)
        path = known or DevicePath(device=request.device)
        cleared = {
            name: value
            for name in ("card", "disk", "cloud")
            if (value := getattr(request, name)) is not None
        }
        document_name = trust.document(request.document).name if request.document else ""
        now_ns = clock.wall_ns()
        done = StepDone(
            step=request.step, at_ns=now_ns, by=request.by, note=bounded(request.note, _MOST_NOTE),
            document=request.document, document_name=document_name, camera=request.camera,
        )  # fmt: skip
        said = msgspec.structs.replace(path, **cleared)
        further = take_back(said, request.step) if request.back else advance(said, done)
        keeper.order(
            NoteStep(
                request.device, request.step.value, request.document, request.by, done.note,
                request.back,
            )
        )  # fmt: skip
        trust.put_path(msgspec.structs.replace(further, noted_ns=now_ns, noted_by=request.by))
