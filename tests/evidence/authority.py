"""Time stamping authorities (RFC 3161) with a root of their own, made and run by openssl."""

import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = dn
x509_extensions = ca
prompt = no
[dn]
CN = A time stamping authority
[ca]
basicConstraints = critical,CA:true
[inner]
basicConstraints = critical,CA:true,pathlen:0
[tsa_cert]
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = own
[own]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
certs = ./inner.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""
KEYS = {
    "rsa": "rsa:2048",
    "p256": "ec -pkeyopt ec_paramgen_curve:P-256",
    "p384": "ec -pkeyopt ec_paramgen_curve:P-384",
}


def run(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        shlex.split(command), cwd=folder, capture_output=True, text=True, check=False
    )


@dataclass
class Served:
    """What a server of it was asked, and how it answers."""

    port: int = 0
    down: bool = False
    instead: bytes | None = None
    asked: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tsa"


class OpensslAuthority:
    """A root, one below it, and who signs stamps, in a folder."""

    def __init__(self, folder: Path, kind: str = "rsa") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        (folder / "tsa.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")
        new = f"-newkey {KEYS[kind]} -nodes -config tsa.cnf"
        below = "-CAcreateserial -days 3650 -extfile tsa.cnf -extensions"
        for command in (
            f"openssl req -x509 {new} -keyout ca.key -out authority.pem -days 3650",
            f"openssl req {new} -keyout inner.key -out inner.csr -subj /CN=Inner",
            f"openssl x509 -req -in inner.csr -CA authority.pem -CAkey ca.key -out inner.pem"
            f" {below} inner",
            f"openssl req {new} -keyout tsa.key -out tsa.csr -subj '/CN=A clock in Vienna'",
            f"openssl x509 -req -in tsa.csr -CA inner.pem -CAkey inner.key -out tsa.pem"
            f" {below} tsa_cert",
        ):
            made = run(folder, command)
            assert made.returncode == 0, made.stderr

    @property
    def root(self) -> bytes:
        return (self.folder / "authority.pem").read_bytes()

    @property
    def fingerprint(self) -> str:
        told = run(self.folder, "openssl x509 -in authority.pem -noout -fingerprint -sha256")
        return told.stdout.partition("=")[2].strip().replace(":", "").lower()

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        command = "openssl ts -reply -queryfile query.tsq -config tsa.cnf -section own -out own.tsr"
        made = run(self.folder, command)
        assert made.returncode == 0, made.stderr
        return (self.folder / "own.tsr").read_bytes()

    def holds(self, data: bytes, response: bytes) -> bool:
        """What openssl says of it."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "given.tsr").write_bytes(response)
        told = run(self.folder, "openssl ts -verify -data data -in given.tsr -CAfile authority.pem")
        return "Verification: OK" in told.stdout

    @contextmanager
    def served(self) -> Iterator[Served]:
        made, authority = Served(), self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                made.asked.append(query)
                body = b"" if made.down else made.instead or authority.reply(query)
                self.send_response(503 if made.down else 200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
            made.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield made
            server.shutdown()
            thread.join()
