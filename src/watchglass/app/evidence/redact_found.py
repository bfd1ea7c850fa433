"""What was found in the pictures of a redacted copy, as the process that looked wrote it down."""

from pathlib import Path

import msgspec

from watchglass.base.errors import DamagedError
from watchglass.model.redaction import FOUND, Found

_FOUND: msgspec.json.Decoder[Found] = msgspec.json.Decoder(Found)


def read_found(folder: Path) -> Found:
    """What the process wrote; DamagedError where it cannot be read."""
    try:
        return _FOUND.decode((folder / FOUND).read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise DamagedError(
            "What was found for this redacted copy cannot be read: delete it, and make it anew."
        ) from error
