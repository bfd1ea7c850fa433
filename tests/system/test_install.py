"""`scripts/install` on a Debian that has nothing, in a chroot where no systemd runs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

_INSTALL = CHECKOUT / "scripts/install"
_MIRROR = os.environ.get("WATCHGLASS_TEST_DEBIAN", "")
"""Where Debian comes from; empty: from where mmdebstrap takes it."""
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_BASE_S = 600
_STORY_S = 1500

# Everything that happens inside; each `==` line is looked for from outside.
_STORY = r"""
set -u
cd /src
install() { ./scripts/install "$@"; echo "== rc $?"; }
served() { # the page as the service's account gets it
    WATCHGLASS_DATA=/var/lib/watchglass setpriv --reuid=watchglass --regid=watchglass \
        --init-groups /opt/watchglass/bin/watchglass serve >/tmp/served 2>&1 & local serving=$!
    for _ in $(seq 120); do grep -q 'token=' /tmp/served && break; sleep 1; done
    grep -o 'http://127.0.0.1:8420/#token=' /tmp/served | sed 's/^/== /'
    watchglass health --json >/dev/null; echo "== health $?"
    kill -TERM "$serving"; wait "$serving"
}
install
install --no-start --volume /srv/disk2
systemd-analyze verify /etc/systemd/system/watchglass.service; echo "== verify $?"
echo "== enabled $(systemctl is-enabled watchglass)"
echo "== state $(stat -c '%U %a' /var/lib/watchglass)"
echo "== writable $(find /opt/watchglass -perm /022 -not -type l | wc -l)"
served
first=$(readlink /opt/watchglass/bin)
install --no-start
echo "== again $([ "$first" = "$(readlink /opt/watchglass/bin)" ] && echo same)"
echo "== kept $(grep -c ^ReadWritePaths=/srv/disk2 /etc/systemd/system/watchglass.service)"
mkdir /tmp/newer
tar -C /src --exclude=.venv --exclude=node_modules --exclude=.git --exclude=.cache -cf - . |
    tar -C /tmp/newer -xf -
echo '# newer' >> /tmp/newer/src/watchglass/__init__.py
(cd /tmp/newer && ./scripts/install --no-start); echo "== rc $?"
echo "== upgraded $([ "$first" = "$(readlink /opt/watchglass/bin)" ] || echo other)"
echo "== copies $(ls /var/lib/watchglass/state | grep -c '^site.db.before-')"
echo "== releases $(ls /opt/watchglass/releases | wc -l)"
served
install --uninstall
left=(/opt/watchglass /usr/local/bin/watchglass /etc/systemd/system/watchglass.service)
echo "== left $(ls -d "${left[@]}" 2>/dev/null | wc -l)"
echo "== data $(test -f /var/lib/watchglass/state/site.db && echo there)"
"""
_EXPECTED = """
== rc 1
== rc 0
== verify 0
== enabled enabled
== state watchglass 700
== writable 0
== http://127.0.0.1:8420/#token=
== health 0
== rc 0
== again same
== kept 1
== rc 0
== upgraded other
== copies 1
== releases 2
== http://127.0.0.1:8420/#token=
== health 0
== rc 0
== left 0
== data there
"""
_INSIDE = r"""
set -e
mount -t proc proc "$1/proc"; mount -t tmpfs tmpfs "$1/run"; mount -t tmpfs tmpfs "$1/dev"
mkdir -p "$1/dev/shm" "$1/src"
for each in null zero random urandom full tty; do
    touch "$1/dev/$each"; mount --bind "/dev/$each" "$1/dev/$each"
done
mount -t tmpfs tmpfs "$1/dev/shm"
mount --bind -o ro "$2" "$1/src"
exec chroot "$1" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    PIP_DEFAULT_TIMEOUT=180 bash /story
"""


_STRANGER = 65534


def said(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False
    )


def test_without_root_it_says_what_to_do() -> None:
    become: list[str | Path] = []
    if os.geteuid() == 0:
        become = ["setpriv", f"--reuid={_STRANGER}", "--clear-groups"]
        if shutil.which("setpriv") is None or said(*become, "test", "-r", _INSTALL).returncode:
            pytest.skip("no stranger who could read the checkout")
    refused = said(*become, "bash", _INSTALL)
    assert refused.returncode == 1
    assert "sudo ./scripts/install" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("options", [["--volume", "relative"], ["--volume"], ["--remove"]])
def test_wrong_options_change_nothing(options: list[str]) -> None:
    refused = said("bash", _INSTALL, *options)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_help_is_its_own_first_lines() -> None:
    told = said("bash", _INSTALL, "--help")
    assert told.returncode == 0
    assert "--uninstall" in told.stdout


@pytest.fixture
def bare_debian(tmp_path: Path) -> Iterator[Path]:
    """A folder with Debian 12 as it is made: systemd's programs, and no Python."""
    if os.geteuid() != 0:
        pytest.skip("a chroot needs root")
    for tool in ("mmdebstrap", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    if said("unshare", "--mount", "--pid", "--fork", "true").returncode:
        pytest.skip("no namespaces here")
    archive, root = tmp_path / "debian.tar", tmp_path / "debian"
    made = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd,ca-certificates",
         "bookworm", str(archive), *([_MIRROR] if _MIRROR else [])],
        capture_output=True, text=True, check=False, timeout=_BASE_S,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no Debian to be had: {made.stderr.strip()[-200:]}")
    root.mkdir()
    subprocess.run(["tar", "-C", str(root), "--exclude=./dev/*", "-xf", str(archive)], check=True)
    archive.unlink()
    for each in (Path("/etc/resolv.conf"), Path("/etc/hosts"), _AUTHORITIES):
        if each.is_file():  # what this machine trusts and how it finds names
            shutil.copyfile(each, root / each.relative_to("/"))
    yield root
    shutil.rmtree(root)


@pytest.mark.long
@pytest.mark.timeout(_BASE_S + _STORY_S)
def test_a_bare_debian_gets_a_service_an_upgrade_and_is_rid_of_it(bare_debian: Path) -> None:
    (bare_debian / "story").write_text(_STORY)
    told = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "bash", "-c", _INSIDE, "-", str(bare_debian),
         str(CHECKOUT)],
        capture_output=True, text=True, check=False, timeout=_STORY_S,
    )  # fmt: skip
    found = [line for line in told.stdout.splitlines() if line.startswith("== ")]
    assert found == _EXPECTED.split("\n")[1:-1], told.stderr[-6000:]
    assert "systemd does not run here" in told.stderr
    assert "rm -r /var/lib/watchglass" in told.stderr
