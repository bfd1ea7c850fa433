# mypy: ignore-errors
# ruff: noqa: N802 - the names are those that aiosmtpd calls
"""``/usr/bin/python3 mail_server.py PORT FOLDER [CERTIFICATE [tls|starttls]]``: Debian's aiosmtpd.

A real mail server, for tests: it keeps each message as a file, and takes one user's password.
"""

import ssl
import sys
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Keeping:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        told = f"X-To: {','.join(envelope.rcpt_tos)}\r\nX-Tls: {bool(session.ssl)}\r\n"
        whole = told.encode() + envelope.content
        part = self.folder / f"{self.count}.part"
        part.write_bytes(whole)
        part.rename(self.folder / f"{self.count}.eml")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"post", b"sesame 1")
    return AuthResult(success=good, handled=False)


def main():
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    more = {}
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[3])
        more = {"authenticator": authenticate, "auth_required": True}
        if sys.argv[4] == "tls":
            # The socket is encrypted before SMTP begins, which aiosmtpd does not know of.
            more |= {"ssl_context": context, "auth_require_tls": False}
        else:
            more |= {"tls_context": context, "require_starttls": True}
    Controller(Keeping(folder), hostname="127.0.0.1", port=port, **more).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
