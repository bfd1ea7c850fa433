"""Fetching a model: one file, from the address in its manifest, held to the manifest's hash.

Nothing is asked for by itself: only ``watchglass models pull`` comes here.
"""

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pooch

from watchglass.analytics.manifest import MOST_MODEL_BYTES, Manifest
from watchglass.base.errors import ConfigError, DamagedError, NotFoundError, WatchglassError

_TIMEOUT_S = 30.0
_CHUNK = 1 << 18


class PullError(WatchglassError):
    """The address did not give the file."""

    code = "pull_failed"
    exit_code = 21


def pull(manifest: Manifest, folder: Path, progress: Callable[[int, int], None]) -> Path:
    """The file, in ``folder``; what is not what the manifest says never gets its name."""
    if not manifest.url:
        raise NotFoundError(
            f"The model {manifest.name} is published nowhere in this form: lay {manifest.file} into"
            f" {folder}, or name its folder in WATCHGLASS_MODELS_DIR."
        )
    pooch.get_logger().setLevel("ERROR")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        got: str = pooch.retrieve(
            manifest.url, f"sha256:{manifest.sha256}", fname=manifest.file, path=folder,
            downloader=_Bounded(progress),
        )  # fmt: skip
    except ValueError:
        raise DamagedError(
            f"What {_host(manifest)} gave is not the model {manifest.name} (another SHA-256); it"
            " was thrown away. Try again, or take the file from elsewhere."
        ) from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        why = getattr(error, "reason", None) or error
        raise PullError(
            f"{_host(manifest)} did not give the model {manifest.name} ({_shown(why)}): try again,"
            f" or lay {manifest.file} into {folder} by hand."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot take a model ({error.strerror or error}): make it writable, or name"
            " another folder in WATCHGLASS_MODELS_DIR."
        ) from None
    os.chmod(got, 0o644)
    return Path(got)


class _Bounded:
    """pooch's downloader: no more bytes than a model may have, over https as far as it leads."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self._progress = progress

    def __call__(self, url: str, output_file: str | IO[bytes], pooch: Any, **_: Any) -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "watchglass"})  # noqa: S310 - https, by manifest
        opener = urllib.request.build_opener(_NoDowngrade)
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            whole = int(answer.headers.get("Content-Length") or 0)
            if isinstance(output_file, str | os.PathLike):
                with open(output_file, "wb") as file:
                    self._copy(answer, file, whole)
            else:
                self._copy(answer, output_file, whole)

    def _copy(self, answer: Any, file: IO[bytes], whole: int) -> None:
        so_far = 0
        while chunk := answer.read(_CHUNK):
            so_far += len(chunk)
            if so_far > MOST_MODEL_BYTES:
                raise urllib.error.URLError("it sends more than 512 MiB")
            file.write(chunk)
            self._progress(so_far, whole)


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> Any:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("it leads to an address without encryption")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _host(manifest: Manifest) -> str:
    return urlsplit(manifest.url).hostname or "the address"


def _shown(why: object) -> str:
    return "".join(sign for sign in str(why) if sign.isprintable())[:120].rstrip(".")
