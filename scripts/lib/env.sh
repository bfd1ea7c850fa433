# The ground that every script stands on: where the checkout is, which Python, the locked environment.
# Sourced, never run. Scripts speak on standard error; standard output belongs to what they run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
venv=$root/.venv
lock=$root/requirements/dev.txt
stamp=$venv/watchglass-stamp

# Containers often forbid it; then each of the many processes that tests start compiles it all anew.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Prints the first Python that is new enough and can make environments.
find_python() {
    local name unfit=
    for name in python3.13 python3.12 python3.11 python3; do
        have "$name" || continue
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v "$name"
            return
        fi
        unfit=${unfit:-$("$name" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}
    done
    if [[ -n $unfit ]]; then
        die "$unfit is here without its venv module: install it ('apt-get install $unfit-venv' on Debian and Ubuntu) and run this again."
    fi
    die "Watchglass needs Python 3.11 or newer and found none: install it ('apt-get install python3 python3-venv' on Debian 12 and newer) and run this again."
}

# What the environment was made from. It is in order while this is unchanged.
environment_key() {
    printf '%s\n' "$root"
    cat "$lock" "$root/pyproject.toml" | cksum
}

environment_ready() {
    [[ -f $stamp && $(environment_key) == "$(<"$stamp")" ]] && "$venv/bin/python" -c '' 2>/dev/null
}

# Makes .venv from the lock file, or leaves it alone if it is in order; then no network is needed.
ensure_environment() {
    environment_ready && return
    [[ -f $root/src/watchglass/__init__.py ]] || die "src/watchglass is missing: this is not a whole checkout."
    # An environment knows its own path: one that was moved or copied here is made anew.
    if ! grep -qsF -- " $venv" "$venv/pyvenv.cfg" || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        local python
        python=$(find_python)
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    say "Installing the locked packages into .venv (about a minute, only when they change) ..."
    rm -f "$stamp"
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input --quiet --quiet)
    export PIP_ROOT_USER_ACTION=ignore
    "${pip[@]}" install --require-hashes -r "$lock" ||
        die "The packages could not be installed (pip's reason is above): check the network and run this again."
    "${pip[@]}" install --no-deps --no-build-isolation -e "$root" ||
        die "Watchglass itself could not be installed into .venv (pip's reason is above)."
    environment_key >"$stamp"
}

# Builds the page into the source tree, if what it is made from has changed. Without a network and
# without a page the recorder records all the same.
ensure_page() {
    "$venv/bin/python" "$root/hatch_build.py" || say "The page stays as it was: the recorder records all the same."
}

# Programs that the tests and benches use beside Python: each Debian package and what it is for.
system_packages=(chromium chromium-headless-shell ffmpeg mosquitto strace iproute2 e2fsprogs nmap ieee-data dnsmasq-base nftables conntrack softflowd tcpdump python3-aiosmtpd python3-gi gir1.2-gst-rtsp-server-1.0
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly)

missing_system_packages() {
    local package
    for package in "${system_packages[@]}"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
    done
}

# Installs them on Debian and Ubuntu where that needs no password; else says what is skipped and goes on.
ensure_system_packages() {
    if ! have dpkg-query || ! have apt-get; then
        have ffprobe || say "Not Debian or Ubuntu, and no ffmpeg found: tests that need ffmpeg, GStreamer or strace are skipped."
        return 0
    fi
    local missing=() sudo=()
    mapfile -t missing < <(missing_system_packages)
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        if ! sudo -n true 2>/dev/null; then
            say "Tests that need them are skipped, not installed: ${missing[*]} ('sudo apt-get install' them to run all)."
            return 0
        fi
        sudo=(sudo -n)
    fi
    say "Installing what the tests need: ${missing[*]} ..."
    local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } </dev/null >&2; then
        say "They could not be installed: tests that need them are skipped (${missing[*]})."
    fi
}

# Says so where the tests would fill the disk: what fails then tells of everything but that.
check_room() {
    local folder=${TMPDIR:-/tmp} free
    free=$(df --output=avail -BG "$folder" 2>/dev/null | tail -n 1 | tr -dc 0-9)
    ((${free:-99} >= 8)) || say "Only $free GiB are free in $folder, and the tests need up to 8: some will fail. Free some, or name another folder as TMPDIR."
}
