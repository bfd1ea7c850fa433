"""What the sizes of a camera's packets tell: whether they grew, and whether they can tell at all.

A P frame costs bits for what changed. At variable bit rate an empty scene costs few, and always
about as many at the same place behind the key frame; who walks through costs more. At constant bit
rate the encoder spends what it has on noise: its P frames are large, and each that is too large is
paid for by the next ones, so that sums over some seconds hardly vary. Both is seen here too.
"""

from dataclasses import dataclass
from math import exp, log

_FIRST_PACES = exp(0.15), exp(-0.15)
MOST_PLACES = 600
"""Places behind the key frame that are told apart; all after that count as one."""


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How sizes are judged. Deviations count in the usual (median) deviation of a camera."""

    slack: float = 0.4
    """A deviation up to this is as usual."""
    most_at_once: float = 1.5
    """What one frame may add: a few odd ones are no movement. What is small and far is told by many
    that have grown a little."""
    opens_at: float = 6.0
    """Sum of deviations over ``slack`` by which frames have grown."""
    shrinks_at: float = 25.0
    """The same downwards: the scene is another one, dark or covered."""
    key_opens_at: float = 8.0
    """Deviation of a key frame by which the scene is another one."""
    least_spread: float = 0.008
    """In parts of a size: a camera more even than this is not taken at its word."""
    drift: float = 0.006
    """How far the level follows a frame while all is quiet: night comes slowly."""
    drift_unmoved: float = 0.06
    """The same where sizes are unusual and nothing was seen to move: rain, another night mode."""
    usual_frames: int = 600
    """What was usual before something was believed that is over after so many frames, is so
    again."""
    settles_at: float = 5.0
    """Sum of deviations downwards from which the level follows as fast."""
    spread_pace: float = 0.02
    """By what part the usual deviation grows or shrinks at a frame."""
    largest_share: float = 0.2
    """Frames larger than that, in parts of a key frame, have bits to spend on noise."""
    small_share: float = 0.16
    """The same for a stream that was taken to be so."""
    even_spread: float = 0.02
    """But who sends frames as even as that shows whatever else is in them."""
    window_frames: int = 32
    """Sums over at least so many frames, and whole groups of pictures, are compared."""
    windows: int = 8
    """How many of them, at least, until there is a judgement."""
    blind_below: float = 0.12
    """Spread of sums ÷ that of sums of independent frames, under which sizes are compensated."""
    least_share: float = 0.08
    """Frames smaller than that are not compensated: there is nothing to pay with."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """How sizes were when ``followed`` frames had been learnt from."""

    level: float
    spread: float
    offsets: tuple[float, ...]
    followed: int


class Sizes:
    """The usual sizes of one stream, robustly and by place behind the key frame."""

    __slots__ = (
        "_ages", "_compensation", "_key_level", "_key_seen", "_key_spread", "_level", "_limits",
        "_offsets", "_paces", "_place", "_spread", "_usual", "down", "followed",
        "key_is_new", "only_keys", "tells", "up",
    )  # fmt: skip

    def __init__(self, limits: SizeLimits) -> None:
        self._limits = limits
        self._level = self._spread = 0.0
        self.only_keys = True
        """Whether no other frames came: each is a picture of its own."""
        self._offsets: list[float] = []
        self._ages: list[int] = []
        self._place = -1
        self._key_level = self._key_spread = 0.0
        self._key_seen = 0
        self._compensation = _Compensation(limits)
        self._usual: _Usual | None = None
        self._paces = exp(limits.spread_pace), exp(-limits.spread_pace)
        self.followed = 0
        """Frames, other than key frames, that what is usual was learned from."""
        self.up = 0.0
        """How far frames have grown beyond what is usual, in sum; to be held against a limit."""
        self.down = 0.0
        self.key_is_new = False
        """Whether the last key frame was of quite another size than those before it."""
        self.tells = True
        """Whether sizes tell of movement, as far as sizes themselves can tell that."""

    @property
    def place(self) -> int:
        """How many frames after the key frame the last one came."""
        return self._place + 1

    @property
    def spread(self) -> float:
        """The usual deviation, in parts of a size."""
        return self._spread

    @property
    def share(self) -> float:
        """How large other frames are, in parts of a key frame."""
        return exp(min(0.0, self._level - self._key_level))

    def _judged(self) -> bool:
        limits = self._limits
        if self.only_keys:
            return False
        if self._spread < limits.even_spread:
            return True
        share, ratio = self.share, self._compensation.ratio
        if share > (limits.largest_share if self.tells else limits.small_share):
            return False
        return ratio is None or ratio > limits.blind_below or share < limits.least_share

    def key(self, size_bytes: int) -> None:
        """A key frame; it begins the places anew."""
        self._place = -1
        self._compensation.key(size_bytes)
        at = log(size_bytes + 1)
        self.key_is_new = False
        seen = self._key_seen = self._key_seen + 1
        if seen == 1:
            self._key_level, self._key_spread = at, 0.1
            return
        off = at - self._key_level
        most = 3 * self._key_spread
        if seen > 4:
            self.key_is_new = abs(off) > self._limits.key_opens_at * self._key_spread
        rate = max(1 / seen, 0.1)
        self._key_level += rate * min(max(off, -most), most)
        self._key_spread += rate * (min(abs(off), most) - self._key_spread)
        self._key_spread = max(self._key_spread, 0.02)
        self.tells = self._judged()

    def frame(self, size_bytes: int, drift: float) -> None:
        """Another frame. ``drift``: how far the usual level follows it; 0 while things move."""
        limits = self._limits
        place = self._place + 1
        if place == MOST_PLACES:
            place = MOST_PLACES - 1
        self._place = place
        at = log(size_bytes + 1)
        if self.only_keys:
            self._level, self._spread = at, 0.25
            self.only_keys = False
        if place >= len(self._offsets):
            self._offsets.append(0.0)
            self._ages.append(0)
        off = at - self._level - self._offsets[place]
        # For each frame of each camera: comparisons cost a third of min() and max().
        spread = self._spread
        if spread < limits.least_spread:
            spread = limits.least_spread
        beyond = off / spread
        most, slack = limits.most_at_once, limits.slack
        up, down = beyond - slack, -beyond - slack
        up = self.up + (up if up < most else most)  # noqa: FURB136 - a third of min()
        self.up = up if up > 0.0 else 0.0  # noqa: FURB136 - a third of min()
        down = self.down + (down if down < most else most)  # noqa: FURB136 - a third of min()
        self.down = down if down > 0.0 else 0.0  # noqa: FURB136 - a third of min()
        if drift > 0:
            self.followed += 1
            if drift >= limits.drift_unmoved:
                self._note_usual()
            elif self.down > limits.settles_at:
                # It was unusual for a while, and believed; now it is as it was.
                drift = limits.drift_unmoved
                self._settle()
            # What nobody saw move is believed, however unusual.
            most = 3 * spread if drift < limits.drift_unmoved else 30 * spread
            self._follow(place, off, most, max(drift, 1 / self.followed))
        self._compensation.frame(size_bytes)

    def _note_usual(self) -> None:
        """What is unusual is believed from now on: this is how it was before."""
        usual = self._usual
        if usual is None or self.followed - usual.followed > self._limits.usual_frames:
            self._usual = _Usual(self._level, self._spread, tuple(self._offsets), self.followed)

    def _settle(self) -> None:
        """As it was before, if that was not long ago: to come near it would take half a minute."""
        usual, self._usual = self._usual, None
        if usual is None or self.followed - usual.followed > self._limits.usual_frames:
            return
        if usual.level < self._level:
            self._level, self._spread = usual.level, usual.spread
            self._offsets[: len(usual.offsets)] = usual.offsets
            self.down = 0.0

    def calm(self) -> None:
        """Take what came so far for what is usual: the sums begin anew."""
        self.up = self.down = 0.0
        self.key_is_new = False

    def _follow(self, place: int, off: float, most: float, rate: float) -> None:
        held = off
        if off > most:
            held = most
        elif off < -most:
            held = -most
        self._level += rate * held
        age = self._ages[place] + 1
        if age <= 1000:
            self._ages[place] = age
        # The first time around, a place's own offset is not known from its noise.
        if age > 1:
            self._offsets[place] += max(1 / (age + 1), 0.25 * rate) * held
        # Towards the middle of all deviations: a few large ones leave it where it is.
        grows, shrinks = self._paces if self.followed > 20 else _FIRST_PACES
        spread = self._spread
        spread *= grows if off > spread or -off > spread else shrinks
        least = 0.5 * self._limits.least_spread
        self._spread = spread if spread > least else least  # noqa: FURB136 - a third of max()


class _Compensation:
    """Compares the spread of sums over whole groups of pictures with that of single frames."""

    __slots__ = ("_frames", "_limits", "_means", "_place", "_squares", "_sum", "_windows", "ratio")

    def __init__(self, limits: SizeLimits) -> None:
        self._limits = limits
        self._means: list[tuple[float, int]] = []
        self._sum = self._squares = 0.0
        self._frames = 0
        self._place = 0
        self._windows: list[tuple[float, float, int]] = []
        self.ratio: float | None = None
        """Spread of sums ÷ that of sums of frames that do not know of each other; None before
        enough came."""

    def key(self, size_bytes: int) -> None:
        """Windows end at key frames, lest one has more of them than another."""
        if self._frames >= self._limits.window_frames:
            self._windows.append((self._sum, self._squares, self._frames))
            del self._windows[: -2 * self._limits.windows]
            self._sum = self._squares = 0.0
            self._frames = 0
            if len(self._windows) >= self._limits.windows:
                self._judge()
        self._place = 0
        self.frame(size_bytes)

    def frame(self, size_bytes: int) -> None:
        place = self._place
        if place >= MOST_PLACES:
            place = MOST_PLACES - 1
        elif place >= len(self._means):
            self._means.append((float(size_bytes), 0))
        self._place = place + 1
        mean, age = self._means[place]
        off = size_bytes - mean
        self._means[place] = mean + off / (age + 1 if age < 20 else 20), age + 1
        self._sum += size_bytes
        if age:
            self._squares += off * off
        self._frames += 1

    def _judge(self) -> None:
        # Scaled to one length: key frames may come at varying distances.
        frames = _middle([float(each) for _, _, each in self._windows])
        sums = [total * frames / each for total, _, each in self._windows]
        middle = _middle(sums)
        apart = _middle([abs(each - middle) for each in sums])
        usual = _middle([squares * frames / each for _, squares, each in self._windows])
        # 1.48: from a median deviation to a standard one.
        self.ratio = (1.48 * apart) ** 2 / usual if usual > 0 else None


def _middle(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
