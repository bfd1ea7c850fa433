"""Programs for tests with real processes: ``python -m tests.bus.keeper_program server|client ...``.

The server appends the number of each note to a file, as the keeper does to a ledger, and only then
acknowledges it; a killed server has forgotten everything but the file.
"""

import os
import sys
from pathlib import Path

from tests.bus.hop_fixtures import Ack, Note, a_client, a_server
from watchglass.bus.server import Received


def serve(endpoint: str, ledger: Path) -> None:
    server = a_server(endpoint, credit_bytes=16 * 1024)
    with ledger.open("ab", buffering=0) as lines:
        while True:
            for item in server.poll(1.0):
                if isinstance(item, Received) and isinstance(item.message, Note):
                    os.write(lines.fileno(), f"{item.message.number}\n".encode())
                    server.send(item.peer, Ack(item.message.number))
                    server.done(item.peer, item.size_bytes)


def chatter(endpoint: str, name: str) -> None:
    client = a_client(endpoint, name)
    number = 0
    while True:
        number += client.send(Note(number, bytes(2000)))
        client.poll(0.005)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(sys.argv[2], Path(sys.argv[3]))
    else:
        chatter(sys.argv[2], sys.argv[3])
