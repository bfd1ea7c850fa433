"""Models on disk: which there are, whether they are what their manifests say, and fetching them.

A model of the catalogue needs no more than its file. One of a user's own is a manifest beside its
file, and is used only where the setting names it with the manifest's own hash: who can write to the
folder alone cannot change what is looked for.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.analytics.manifest import ENDINGS, MOST_MODEL_BYTES, Manifest, read
from watchglass.base.errors import (
    ConfigError,
    DamagedError,
    NotFoundError,
    RefusedError,
    WatchglassError,
)

OFF = "off"
PLUG_INS = "watchglass.detector"
"""The entry-point group of detectors that come with other packages."""
_LEAST_PIN = 16
_MOST_ENTRIES = 2000
_CHUNK = 1 << 20
_WANTED = re.compile(rf"([a-z0-9][a-z0-9._-]{{0,47}})(?:@([0-9a-f]{{{_LEAST_PIN},64}}))?")

Progress = Callable[[int, int], None]
"""Bytes so far, and of how many; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Known:
    """A model that could be used. ``path`` is None while its file is nowhere; ``pin`` is the
    SHA-256 of a user's manifest, and empty for one of the catalogue."""

    manifest: Manifest
    path: Path | None
    pin: str = ""

    @property
    def setting(self) -> str:
        """What ``WATCHGLASS_MODEL`` has to say for it."""
        return f"{self.manifest.name}@{self.pin}" if self.pin else self.manifest.name


class Models:
    """The models of a folder, which need not be there, and of the catalogue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> tuple[list[Known], list[WatchglassError]]:
        """What there is, the catalogue first, and what is wrong with manifests in the folder."""
        places = self._places()
        found = [Known(each, places.get(each.file)) for each in CATALOGUE.values()]
        wrong: list[WatchglassError] = []
        for path in self._manifests():
            try:
                manifest, pin = read(path)
                taken = any(each.manifest.name == manifest.name for each in found)
                if taken:
                    raise ConfigError(
                        f"{path.name} calls itself {manifest.name}, and so does another: give it a"
                        " name of its own."
                    )
            except WatchglassError as error:
                wrong.append(error)
            else:
                found.append(Known(manifest, places.get(manifest.file), pin))
        return found, wrong

    def find(self, wanted: str) -> Known:
        """By what the setting says: ``NAME``, or ``NAME@HASH`` of a user's own manifest.

        NotFoundError for one that is not known or has no file; RefusedError where the hash is
        missing, or is another one.
        """
        parts = _WANTED.fullmatch(wanted or DEFAULT)
        if parts is None:
            raise ConfigError(
                f"{wanted[:80]!r} is no name of a model: see 'watchglass models list'."
            )
        name, pin = parts[1], parts[2] or ""
        found, wrong = self.all()
        known = next((each for each in found if each.manifest.name == name), None)
        if known is None:
            if wrong:
                raise wrong[0]
            raise NotFoundError(f"No model is called {name!r}: see 'watchglass models list'.")
        if known.pin and not pin:
            raise RefusedError(
                f"The model {name} is your own: it is used once its manifest is pinned. Read the"
                f" manifest, and set WATCHGLASS_MODEL={known.setting}"
            )
        if not known.pin.startswith(pin):
            raise RefusedError(
                f"The manifest of {name} is not the one that was pinned: somebody changed it. Read"
                f" it, and if it is right, set WATCHGLASS_MODEL={known.setting}"
            )
        if known.path is None:
            raise NotFoundError(_how_to_get(known.manifest, self.folder))
        return known

    def load(self, known: Known) -> bytes:
        """The file's bytes, held to the manifest's hash: DamagedError for another."""
        if known.path is None:
            raise NotFoundError(_how_to_get(known.manifest, self.folder))
        model = _bounded(known.path)
        found = hashlib.sha256(model).hexdigest()
        if found != known.manifest.sha256:
            raise DamagedError(
                f"{known.path} is not the model {known.manifest.name} (its SHA-256 is"
                f" {found[:16]}…, not {known.manifest.sha256[:16]}…): fetch it again."
            )
        return model

    def pull(self, name: str, progress: Progress) -> Path:
        """Fetch a model's file from where its manifest says, unless it is here already."""
        # Not above: only who fetches pays for what speaks HTTP.
        from watchglass.analytics.pulling import pull

        found, _ = self.all()
        known = next((each for each in found if each.manifest.name == name), None)
        if known is None:
            raise NotFoundError(f"No model is called {name[:60]!r}: see 'watchglass models list'.")
        if known.path is not None:
            self.load(known)
            return known.path
        return pull(known.manifest, self.folder, progress)

    def _places(self) -> dict[str, Path]:
        """Files of models in the folder and those right under it, by name."""
        found: dict[str, Path] = {}
        for path in (*self._entries(self.folder), *self._below()):
            if path.suffix == ".onnx":
                found.setdefault(path.name, path)
        return found

    def _below(self) -> list[Path]:
        folders = [path for path in self._entries(self.folder) if path.is_dir()]
        return [path for folder in folders for path in self._entries(folder)][:_MOST_ENTRIES]

    def _manifests(self) -> list[Path]:
        there = self._entries(self.folder)
        return [each for each in there if each.suffix in ENDINGS and each.name != "MANIFEST.json"]

    def _entries(self, folder: Path) -> Sequence[Path]:
        try:
            return sorted(folder.iterdir())[:_MOST_ENTRIES]
        except OSError:
            return ()


def _how_to_get(manifest: Manifest, folder: Path) -> str:
    name = manifest.name
    lay = f"lay {manifest.file} into {folder}, or name its folder in WATCHGLASS_MODELS_DIR"
    if manifest.url:
        return (
            f"The model {name} is not here: get it with 'watchglass models pull {name}', or {lay}."
        )
    return f"The model {name} is not here: {lay}."


def _bounded(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            told = os.fstat(descriptor)
            if not stat.S_ISREG(told.st_mode) or told.st_size > MOST_MODEL_BYTES:
                raise ConfigError(f"{path} is no file of a model, or has more than 512 MiB.")
            return file.read(MOST_MODEL_BYTES)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check its rights.") from None
