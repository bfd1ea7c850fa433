"""Models through ONNX Runtime, on whatever it can compute with here; a CPU is enough."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from watchglass.analytics.manifest import Manifest
from watchglass.analytics.outputs import Floats, expected
from watchglass.base.errors import ConfigError

CPU = "CPUExecutionProvider"
_WANTED = (
    "TensorrtExecutionProvider",
    "CUDAExecutionProvider",
    "OpenVINOExecutionProvider",
    "CoreMLExecutionProvider",
    CPU,
)
"""The best first. What is not here is not used: there is one that sends pictures elsewhere."""

_LONGEST_RUN_S = 20.0
_QUIET = 3


@dataclass(frozen=True, slots=True)
class Tuning:
    """``threads`` compute one picture, ``lanes`` pictures are computed side by side."""

    threads: int = 1
    lanes: int = 1
    provider: str = CPU


def providers() -> list[str]:
    """Those of this machine's ONNX Runtime that may be used, the best first; the CPU's is last."""
    there = set(onnxruntime.get_available_providers())
    return [each for each in _WANTED if each in there]


def version() -> str:
    """Of ONNX Runtime."""
    found: str = onnxruntime.__version__
    return found


class OnnxRuntime:
    """A `named.Runtime`. ``model`` are the bytes of the file, held to the manifest's hash before;
    ConfigError in a sentence when they are no model of the form that the manifest says.

    A model of a fixed batch of one computes pictures in ``lanes``; one of a free batch at once.
    """

    def __init__(self, model: bytes, manifest: Manifest, tuning: Tuning) -> None:
        self._name = manifest.name
        self._rows, self._columns = expected(manifest)
        self._shape = (3, manifest.input.height, manifest.input.width)
        self._tuning = tuning
        onnxruntime.set_default_logger_severity(_QUIET)
        onnxruntime.disable_telemetry_events()
        self._session = self._opened(model, tuning)
        self._free_batch = self._checked()
        self._lanes = ThreadPoolExecutor(tuning.lanes, "inference") if tuning.lanes > 1 else None
        self._tried()

    @property
    def batch(self) -> int:
        """See `named.Runtime.batch`."""
        return self._tuning.lanes

    @property
    def provider(self) -> str:
        """What really computes: it may be less than what was asked for."""
        found: str = self._session.get_providers()[0]
        return found

    def run(self, shown: Floats) -> Floats:
        """See `named.Runtime.run`."""
        if self._free_batch and len(shown) > 1:
            return self._run(shown)
        singles = [shown[at : at + 1] for at in range(len(shown))]
        answers = self._lanes.map(self._run, singles) if self._lanes else map(self._run, singles)
        return np.concatenate(list(answers))

    def close(self) -> None:
        """Give threads and memory back."""
        if self._lanes is not None:
            self._lanes.shutdown()
        del self._session

    def _opened(self, model: bytes, tuning: Tuning) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = tuning.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _QUIET
        # Threads that spin between pictures would cost what the recorder needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        chosen = [tuning.provider] if tuning.provider == CPU else [tuning.provider, CPU]
        try:
            return onnxruntime.InferenceSession(model, options, providers=chosen)
        except Exception as error:  # noqa: BLE001 - a foreign library, fed by a stranger's file
            raise self._wrong(f"ONNX Runtime cannot load it ({_first_line(error)})") from None

    def _checked(self) -> bool:
        """Whether it takes many pictures at once; ConfigError where its ends are not as said."""
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise self._wrong(f"it has {len(inputs)} inputs and {len(outputs)} outputs, not one")
        (taken,), (given,) = inputs, outputs
        if taken.type != "tensor(float)" or given.type != "tensor(float)":
            raise self._wrong("it does not compute with float32 at its ends")
        if not _suits(taken.shape, (1, *self._shape)):
            raise self._wrong(f"it takes {taken.shape}, and the manifest says {self._shape}")
        if not _suits(given.shape, (1, self._rows, self._columns)):
            said = [self._rows, self._columns]
            raise self._wrong(f"it gives {given.shape}, and the manifest's family gives {said}")
        self._input = str(taken.name)
        return not isinstance(taken.shape[0], int)

    def _run(self, shown: Floats) -> Floats:
        return self._answer(shown, onnxruntime.RunOptions())

    def _tried(self) -> None:
        """It says what it is by looking at nothing, before pictures depend on it, and not for ever:
        later the process as a whole is watched."""
        options = onnxruntime.RunOptions()
        limit = threading.Timer(_LONGEST_RUN_S, lambda: setattr(options, "terminate", True))
        limit.daemon = True
        limit.start()
        try:
            self._answer(np.zeros((1, *self._shape), np.float32), options)
        finally:
            limit.cancel()

    def _answer(self, shown: Floats, options: Any) -> Floats:
        try:
            (answer,) = self._session.run(None, {self._input: shown}, options)
        except Exception as error:  # noqa: BLE001 - a foreign library, fed by a stranger's file
            raise self._wrong(f"it fails while it computes ({_first_line(error)})") from None
        if answer.shape != (len(shown), self._rows, self._columns):
            raise self._wrong(f"it gave {answer.shape}, which is not what the manifest says")
        floats: Floats = np.asarray(answer, np.float32)
        return floats

    def _wrong(self, why: str) -> ConfigError:
        return ConfigError(
            f"The model {self._name} cannot be used: {why}. Check that manifest and model belong"
            " together."
        )


def _suits(shape: Sequence[Any], wanted: Sequence[int]) -> bool:
    """Whether a shape, whose free sides are names, can be the wanted one."""
    return len(shape) == len(wanted) and all(
        not isinstance(is_, int) or is_ == want for is_, want in zip(shape, wanted, strict=True)
    )


def _first_line(error: Exception) -> str:
    line = str(error).strip().partition("\n")[0]
    return "".join(sign for sign in line if sign.isprintable())[:160].rstrip(".")
