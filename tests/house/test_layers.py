"""The import contracts name every package of the source tree, and keep each library at home."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
LAYERS = [set(re.findall(r"\w+", layer)) for layer in CONTRACTS["layers"]["layers"]]


def test_order_of_the_layers() -> None:
    middle = "cameras recording evidence analytics events live trust access simulate"
    assert [{"app"}, {"api"}, set(middle.split()), {"media", "store", "bus"}] == LAYERS[:4]
    assert [{"config"}, {"model"}, {"base"}] == LAYERS[4:]
    assert CONTRACTS["layers"]["exhaustive"] is True


def test_siblings_are_independent() -> None:
    # import-linter lets siblings divided by ':' import each other; only '|' keeps them apart.
    assert not any(":" in layer for layer in CONTRACTS["layers"]["layers"])


def test_every_package_has_a_layer() -> None:
    source = ROOT / "src/watchglass"
    present = {path.parent.name for path in source.glob("*/__init__.py")}
    present |= {path.stem for path in source.glob("*.py")} - {"__init__"}
    assert present <= set().union(*LAYERS)


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("sqlalchemy", {"store"}),
        ("av", {"media"}),
        ("zmq", {"bus"}),
        ("typer", {"app"}),
        ("rich", {"app"}),
        (
            "cryptography",
            {"config", "store", "recording", "access", "simulate", "trust", "evidence"},
        ),
        ("onnxruntime", {"analytics"}),
    ],
)
def test_library_stays_at_home(library: str, homes: set[str]) -> None:
    forbidding = [c for c in CONTRACTS.values() if library in c.get("forbidden_modules", ())]
    assert len(forbidding) == 1
    allowed = {
        line.split(" -> ")[0].split(".")[1]
        for line in forbidding[0]["ignore_imports"]
        if line.endswith(f"-> {library}")
    }
    assert allowed == homes
