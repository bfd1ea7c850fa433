"""The process that reads footage of strangers: ``python -m watchglass.media.footage_worker``.

The file is its standard input, and what it makes of it goes to the descriptor that its one argument
names. It writes one `FootageAnswer` as JSON to standard output. It opens nothing, talks to nobody,
and may die of what it reads.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import msgspec

import watchglass
from watchglass.base import log
from watchglass.base.errors import UsageError
from watchglass.base.fence import Fence, FenceMode, Network, put_up
from watchglass.media.footage import read_footage
from watchglass.model.footage import FootageAnswer, FootageRead

FENCE = Fence(Network.LOCAL, (), only_new_files=True, calls=False)
MOST_BYTES = 64 << 30
_FENCES_SETTING = "WATCHGLASS_FENCES"
_MORE_BYTES = 64 << 20
_WAIT_S = 3600.0
_FAILED = "This file made the program that reads it fail: nothing of it was taken."


def run_footage(source: int, target: int) -> FootageRead:
    """Have the file ``source`` read, and its pictures written to ``target``. UsageError says what
    is wrong with it."""
    source_root = str(Path(watchglass.__file__).resolve().parent.parent)
    kept = {
        name: value for name in ("PATH", "LANG", _FENCES_SETTING) if (value := os.environ.get(name))
    }
    process = subprocess.Popen(
        (sys.executable, "-P", "-m", "watchglass.media.footage_worker", str(target)),
        stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(target,),
        env=kept | {"PYTHONPATH": source_root, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=_WAIT_S)
    except subprocess.TimeoutExpired:
        raise UsageError("Reading this file took longer than an hour: it was given up.") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    try:
        answer = msgspec.json.decode(output, type=FootageAnswer)
    except msgspec.DecodeError:
        raise UsageError(_FAILED) from None
    if answer.error:
        raise UsageError(answer.error)
    if process.returncode != 0 or answer.read is None:
        raise UsageError(_FAILED)
    return answer.read


def main() -> None:
    log.configure("warning")
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        source = os.fdopen(os.dup(0), "rb")
        target = os.fdopen(int(sys.argv[1]), "w+b")
        _limit_resources(os.fstat(source.fileno()).st_size)
        put_up(FENCE, FenceMode(os.environ.get(_FENCES_SETTING) or FenceMode.AUTO))
        try:
            answer = FootageAnswer(read_footage(source, target))
            target.flush()
        except UsageError as error:
            answer = FootageAnswer(error=error.sentence)
        output.write(msgspec.json.encode(answer))


def _limit_resources(source_bytes: int) -> None:
    most = source_bytes * 2 + _MORE_BYTES
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


if __name__ == "__main__":
    main()
