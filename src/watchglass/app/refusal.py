"""An error of ours on its way through a pipe or socket, and back."""

from watchglass.base.errors import CertificateError, WatchglassError
from watchglass.model.control import Refused


def refusal(error: WatchglassError) -> Refused:
    """What tells another process of an error."""
    shown = error.fingerprint if isinstance(error, CertificateError) else ""
    return Refused(error.code, error.exit_code, error.sentence, shown)


def error_of(refused: Refused) -> WatchglassError:
    """The error as it was raised there."""
    if refused.code == CertificateError.code:
        return CertificateError(refused.sentence, refused.fingerprint)
    return _kinds(WatchglassError).get(refused.code, WatchglassError)(refused.sentence)


def _kinds(root: type[WatchglassError]) -> dict[str, type[WatchglassError]]:
    found = {root.code: root}
    for kind in root.__subclasses__():
        found |= _kinds(kind)
    return found
