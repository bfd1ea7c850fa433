"""A real MQTT broker for tests: mosquitto, on loopback, with a configuration of the test's."""

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiomqtt
import pytest

from tests.app.running import free_port

MOSQUITTO = Path("/usr/sbin/mosquitto")
USER, PASSWORD = "post", "sesame 1"


T = TypeVar("T")


def apart(work: Coroutine[None, None, T]) -> T:
    """Done in a thread of its own: this one may have a loop that runs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass
class Broker:
    """One that runs until it is ended; what is kept lives as long as it does."""

    port: int
    folder: Path
    certificate: Path | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        if not MOSQUITTO.exists():
            pytest.skip("no mosquitto: 'apt-get install mosquitto' on Debian and Ubuntu")
        passwords = self.folder / "passwords"
        passwords.unlink(missing_ok=True)
        subprocess.run(
            ["mosquitto_passwd", "-c", "-b", str(passwords), USER, PASSWORD],
            check=True, capture_output=True,
        )  # fmt: skip
        passwords.chmod(0o600)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "user root",
        ]
        if self.certificate is not None:
            lines += [f"certfile {self.certificate}", f"keyfile {self.certificate}"]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            [str(MOSQUITTO), "-c", str(config)], stderr=subprocess.DEVNULL
        )
        until_s = time.monotonic() + 20
        while True:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < until_s
            assert self.process.poll() is None
            time.sleep(0.05)

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            process.wait(10)

    def kept(self, of: str = "#", wait_s: float = 0.4) -> dict[str, str]:
        """All that it keeps, by topic."""
        return {
            topic: payload.decode()
            for topic, payload, retained in apart(self._heard(of, wait_s))
            if retained
        }

    def publish(self, topic: str, text: str) -> None:
        """Have it keep something."""

        async def told() -> None:
            async with self.client() as client:
                await client.publish(topic, text, qos=1, retain=True)

        apart(told())

    async def _heard(self, of: str, wait_s: float) -> list[tuple[str, bytes, bool]]:
        found = []
        async with self.client() as client:
            await client.subscribe(of)
            try:
                async with asyncio.timeout(wait_s):
                    async for message in client.messages:
                        assert isinstance(message.payload, bytes)
                        found.append((str(message.topic), message.payload, bool(message.retain)))
            except TimeoutError:
                pass
        return found

    def client(self) -> aiomqtt.Client:
        assert self.certificate is None
        return aiomqtt.Client("127.0.0.1", self.port, username=USER, password=PASSWORD)


class Listening:
    """What the broker tells from now on that it does not keep, in a thread of its own."""

    def __init__(self, broker: Broker, of: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._broker, self._of = broker, of
        self._ready = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()))
        self._thread.start()
        assert self._ready.wait(20)

    async def _listen(self) -> None:
        async with self._broker.client() as client:
            await client.subscribe(self._of, qos=1)
            self._ready.set()
            while not self._over.is_set():
                try:
                    async with asyncio.timeout(0.2):
                        async for message in client.messages:
                            assert isinstance(message.payload, bytes)
                            self.heard.append((str(message.topic), message.payload))
                except TimeoutError:
                    continue

    def close(self) -> None:
        self._over.set()
        self._thread.join(20)


def brokers(folder: Path, certificate: Path | None = None) -> Iterator[Broker]:
    folder.chmod(0o755)
    made = Broker(free_port(), folder, certificate)
    made.start()
    yield made
    made.end()
