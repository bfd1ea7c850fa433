"""Runs in a network namespace of its own: a recorder with ``serve --lan``, and who comes to it.

Prints one JSON object with what each got.
"""

import contextlib
import http.client
import json
import re
import signal
import socket
import ssl
import sys
import time
from hashlib import sha256
from pathlib import Path

from tests.app.running import Serving
from watchglass.access.certificate import own_certificate
from watchglass.base.clock import NS_PER_S, SimulatedClock, SystemClock
from watchglass.base.disk import Disk

ADDRESS, PORT = "192.0.2.7", 8443


def get(host: str, path: str = "/api/v1/health") -> dict[str, object]:
    """An answer over TLS, whoever signed the certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    link = http.client.HTTPSConnection(ADDRESS, PORT, timeout=20, context=context)
    link.connect()
    assert isinstance(link.sock, ssl.SSLSocket)
    certificate = link.sock.getpeercert(binary_form=True)
    assert certificate is not None
    link.request("GET", path, headers={"Host": host})
    answer = link.getresponse()
    return {
        "status": answer.status,
        "strict": answer.getheader("Strict-Transport-Security"),
        "fingerprint": sha256(certificate).hexdigest().upper(),
        "version": link.sock.version(),
    }


def in_clear(address: str, port: int) -> str:
    """What a request without encryption gets."""
    try:
        with socket.create_connection((address, port), 20) as link:
            link.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            return link.recv(1000).decode("latin-1")
    except OSError as error:
        return type(error).__name__


def trusted(certificate: Path, host: str) -> str:
    """Whether the certificate is for that name."""
    context = ssl.create_default_context(cafile=str(certificate))
    try:
        with (
            socket.create_connection((ADDRESS, PORT), 20) as link,
            context.wrap_socket(link, server_hostname=host),
        ):
            return "yes"
    except ssl.SSLError as error:
        return error.reason


def main(data: Path) -> None:
    lan = ("--lan", "--host", ADDRESS, "--host", "cam.example", "--port", str(PORT))
    found: dict[str, object] = {}
    with Serving(data, *lan, WATCHGLASS_PAGE="true").wait_for("#token=") as serving:
        link = re.search(r"https://\S+", serving.said)
        found["link"] = link[0].partition("#")[0] if link else ""
        found["said"] = serving.said
        for name, host in (
            ("own", f"{ADDRESS}:{PORT}"), ("named", f"cam.example:{PORT}"),
            ("foreign", f"evil.example:{PORT}"), ("bare", ADDRESS),
        ):  # fmt: skip
            found[name] = get(host)
        found["clear"] = in_clear(ADDRESS, PORT)
        certificate = data / "state" / "keys" / "page.crt"
        found["trusted"] = {
            host: trusted(certificate, host) for host in (ADDRESS, "cam.example", "x.example")
        }
        found["mode"] = oct((data / "state" / "keys" / "page.pem").stat().st_mode & 0o777)
        serving.end(signal.SIGTERM)
    with Serving(data, "--port", str(PORT + 1), WATCHGLASS_PAGE="true").wait_for(
        "#token="
    ) as serving:
        found["loopback"] = in_clear("127.0.0.1", PORT + 1)[:15]
        found["elsewhere"] = in_clear(ADDRESS, PORT + 1)
        serving.end(signal.SIGTERM)
    found["renewed"] = renewed(data)
    print(json.dumps(found))


def renewed(data: Path) -> dict[str, object]:
    """A certificate that somebody brings, and brings anew while the page is served."""
    given = data / "given"
    given.mkdir()
    clock, names = SimulatedClock(), (ADDRESS, "cam.example")
    clock.step_wall(SystemClock().wall_ns() - clock.wall_ns())
    first = own_certificate(given, names, Disk(), clock)
    given_by = ("--certificate", str(first.certificate), "--key", str(first.key))
    lan = ("--lan", "--host", ADDRESS, "--port", str(PORT), *given_by)
    with Serving(data, *lan, WATCHGLASS_PAGE="true").wait_for("#token=") as serving:
        before = get(f"{ADDRESS}:{PORT}")
        clock.advance(390 * 86400 * NS_PER_S)
        second = own_certificate(given, names, Disk(), clock)  # as whoever renews it would write it
        until_s = time.monotonic() + 60
        after = before
        while after["fingerprint"] == before["fingerprint"] and time.monotonic() < until_s:
            time.sleep(0.5)
            with contextlib.suppress(OSError):  # the page begins anew
                after = get(f"{ADDRESS}:{PORT}")
        serving.end(signal.SIGTERM)
    wanted = [each.fingerprint.replace(":", "") for each in (first, second)]
    return {"served": [before["fingerprint"], after["fingerprint"]], "wanted": wanted}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
