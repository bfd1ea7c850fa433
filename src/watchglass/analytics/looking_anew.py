"""A detector asked about every picture of a span, where no answer is an answer too: hide it all."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from watchglass.analytics.detector import MOST_FOUND, Detector, Look
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.model.detection import REGIONS, Detection
from watchglass.model.redaction import WholeCause

PATIENCE_S = 30.0
"""No picture takes a detector that long."""
LEAST = 0.1
"""Half of what tracks are made of elsewhere: small people are seen with no more."""
_LOG = log.get("redaction")
Answer = Sequence[Detection] | WholeCause


class LookingAnew:
    """Of one span. To be closed. A detector that took too long is not asked again: it may never
    come back."""

    def __init__(self, detector: Detector, patience_s: float = PATIENCE_S) -> None:
        self._detector, self._patience_s = detector, patience_s
        self._thread = ThreadPoolExecutor(1, "detector")
        self._given_up = False

    @property
    def batch(self) -> int:
        return max(1, self._detector.batch)

    def look(self, looks: Sequence[Look]) -> list[Answer]:
        """What is in each picture, or why all of it is to be hidden."""
        if self._given_up:
            return [WholeCause.FAILED] * len(looks)
        asked = self._thread.submit(self._detector.detect, looks)
        try:
            found = asked.result(self._patience_s * len(looks))
        except TimeoutError:
            self._given_up = True
            _LOG.error("detector_took_too_long")
            return [WholeCause.FAILED] * len(looks)
        except WatchglassError as error:
            _LOG.error("detector_failed", error=error.sentence)
            return [WholeCause.FAILED] * len(looks)
        except Exception:  # noqa: BLE001 - the border of a plug-in: what fails hides all of it
            _LOG.exception("detector_failed")
            return [WholeCause.FAILED] * len(looks)
        if len(found) != len(looks):
            return [WholeCause.FAILED] * len(looks)
        return [_bounded(each) for each in found]

    def close(self) -> None:
        """What goes on in the detector ends with the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def names_things(self) -> bool:
        """Whether there is a model behind it."""
        return self._detector.identity != REGIONS


def _bounded(found: Sequence[Detection]) -> Answer:
    """Without what is nothing; where all that is told may be something, there may be more."""
    there = [each for each in found if each.confidence >= LEAST]
    return WholeCause.TOO_MANY if len(there) >= MOST_FOUND else there
