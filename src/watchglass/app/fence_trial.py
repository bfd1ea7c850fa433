"""Whether this machine can fence a process in at all, tried in one that then ends.

Asked where fences are required, before any process starts: a kernel or a container that refuses
them would else be found by each child, again and again.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from watchglass.app.fences import of_camera_worker
from watchglass.app.pipes import say
from watchglass.app.refusal import error_of, refusal
from watchglass.base.errors import ConfigError
from watchglass.base.fence import FenceMode, put_up
from watchglass.model.control import Refused

_TAKES_S = 60.0


def require_fences(volumes: Iterable[Path], sources: Path | None) -> None:
    """ConfigError when a camera-worker's fence, which has most of all, cannot be put up whole."""
    paths = [*(str(each) for each in volumes), *([str(sources)] if sources else [])]
    tried = subprocess.run(
        [sys.executable, "-P", "-m", "watchglass.app.fence_trial", *paths],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_TAKES_S, check=False,
    )  # fmt: skip
    if tried.returncode == 0:
        return
    try:
        raise error_of(msgspec.json.decode(tried.stdout, type=Refused))
    except msgspec.MsgspecError:
        raise ConfigError(
            "Fences are required, and a process that tried to put one up failed: see above, or set "
            "WATCHGLASS_FENCES to 'auto'."
        ) from None


def main() -> None:
    try:
        put_up(of_camera_worker([Path(each) for each in sys.argv[1:]]), FenceMode.REQUIRE)
    except ConfigError as error:
        say(refusal(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
