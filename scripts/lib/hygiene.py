"""Rules of the repository that no linter knows. Prints each breach; exits 1 if there is one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES_TOO_MANY = 500
LINES_MANY = 300
# Handed out as one file, which nobody may have to put together.
ONE_FILE = frozenset({"src/watchglass/evidence/verify.py"})

# The only lines a lock file may hold: a pinned package, and hashes of its files.
LOCK_LINE = re.compile(
    r"[a-z0-9][a-z0-9._-]*==[a-z0-9.+!]+( ; [^#:/]+)? \\"
    r"|    --hash=sha256:[0-9a-f]{64}( \\)?"
)
# Folders of one machine. What comes before must not be part of a longer path.
MACHINE_PATH = re.compile(r"(?<![\w.)}\]>*~-])/(work|root|opt/wheels|opt/pypi)/")
NOQA = re.compile(r"#\s*noqa(?!: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* +[-–] \S)", re.IGNORECASE)


def tracked_files(root: Path = ROOT) -> list[Path]:
    """Every file that is, or would be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        found = [root / name for name in listing.stdout.split("\0") if name]
    else:  # an unpacked archive
        found = [path for path in root.rglob("*") if ".venv" not in path.parts]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def lock_breaches(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if not LOCK_LINE.fullmatch(line):
            yield f"{name}:{number}: a lock file holds only pinned names and hashes: {line[:60]}"


def path_breaches(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: a path of one machine: {line.strip()[:60]}"


def noqa_breaches(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if NOQA.search(line):
            yield f"{name}:{number}: say which rule and why: '# noqa: RULE - reason'"


def length_breaches(name: str, text: str) -> Iterator[str]:
    lines = len(text.splitlines())
    if lines > LINES_TOO_MANY:
        yield f"{name}: {lines} lines, at most {LINES_TOO_MANY}: split it by noun"
    elif lines > LINES_MANY:
        print(f"note: {name} has {lines} lines (aim: {LINES_MANY})", file=sys.stderr)


def breaches(root: Path = ROOT) -> Iterator[str]:
    for path in tracked_files(root):
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or another binary
        yield from path_breaches(name, text)
        if name.startswith("requirements/") and name.endswith(".txt"):
            yield from lock_breaches(name, text)
        if name.startswith("src/") and name.endswith(".py"):
            yield from noqa_breaches(name, text)
            if name not in ONE_FILE:
                yield from length_breaches(name, text)


def main() -> int:
    found = list(breaches())
    for breach in found:
        print(breach, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
