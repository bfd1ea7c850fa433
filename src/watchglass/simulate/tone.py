"""Sound that can be recognised: a tone that takes another pitch each second, over 8 seconds.

8 seconds hold a whole number of AAC frames at 16 kHz (125 of 1024 samples), so they repeat without
a seam; the pitch in second s of media time is ``PITCHES_HZ[s % 8]``.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

PITCHES_HZ: Final = (300, 500, 700, 900, 1100, 1300, 1500, 1700)
PERIOD_S: Final = len(PITCHES_HZ)


Samples = NDArray[np.int16]


def samples(sample_rate: int) -> Samples:
    """One period, one channel. Every pitch makes whole waves in a second, so nothing clicks."""
    seconds = np.arange(sample_rate) / sample_rate
    waves = [np.sin(2 * np.pi * pitch * seconds) for pitch in PITCHES_HZ]
    return (np.concatenate(waves) * 8000).astype(np.int16)


def repeat(period: Samples, times: int) -> Samples:
    return np.tile(period, times)


def pitch_at(media_time_s: float) -> int:
    """Pitch in Hz that sounds at a moment of media time."""
    return PITCHES_HZ[int(media_time_s) % PERIOD_S]
