"""All that a gate's judgement hangs on."""

from dataclasses import dataclass, field

from watchglass.analytics.sizes import SizeLimits


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The same for all cameras."""

    sizes: SizeLimits = field(default_factory=SizeLimits)
    learn_s: float = 20.0
    """So long all is looked at, at least."""
    learn_frames: int = 60
    learn_most_s: float = 300.0
    linger_s: float = 3.0
    """Open for so long after the last sign of movement."""
    glance_s: float = 1.6
    """The same where nothing was seen to move since it opened, and somebody looked."""
    waits_for_key_s: float = 1.0
    """A peek waits for a key frame that is due so soon: to decode up to where it looks is most of
    what it costs."""
    eager: float = 1.5
    """But not where sizes grew by so many times of what opens."""
    doubt_s: float = 6.0
    peeks: int = 2
    """So many peeks that found nothing are believed: sizes that grow again within ``doubt_s`` of
    the last of them open."""
    raised_by: float = 0.1
    """By that part the limit for what opens rises with each peek that finds nothing, up to
    ``most_raised``, until something moves."""
    most_raised: float = 0.2
    """Held there for good it costs one far thing of 17 pixels in 320 movements; half of all peeks
    at quiet cameras go."""
    peek_s: float = 4.0
    """Whoever is to peek and says nothing for so long is not waited for."""
    unmoved_s: float = 4.0
    """Closed when so long nothing was seen to move, whatever sizes say."""
    camera_s: float = 10.0
    """Open for so long after a camera has said something, moved or not."""
    unanswered_s: float = 20.0
    """Whoever looks and says nothing for so long is not waited for."""
    before_s: float = 1.5
    """So much before sizes began to grow somebody small may have come."""
    small_s: float = 10.0
    """The same where a peek found it: sizes tell of what is small and far late, and not all the
    time."""
    back_s: float = 12.0
    """A visit begins so much before the last key frame at most, where sizes began to grow then."""
    probe_s: float = 0.8
    """Key frames are probed so far apart, at least."""
    longest_gop_s: float = 2.2
    """Where sizes tell nothing and key frames are further apart, all is looked at."""
    check_s: float = 4.0
    """How long a quiet camera is looked at all the same."""
    check_every_s: float = 600.0
    blind_opens: float = 3.5
    """Where sizes tell nothing, they have to grow so many times as much to open."""
    most_doubt: float = 3.0
    """So many misses, less what was found since, make the gate blind."""
    proven_by: int = 8
    """So many movements in a row that sizes told of: then they tell, whatever their spread."""
