"""Entry of the process that stands at an MQTT broker, as long as one is set up.

It keeps one connection, tells what has to be kept and what changes of it, and takes away what is
there of ours and has to be no more: of cameras that went, of a recorder that was restored. It
listens to nothing but its own topics, and of those to their names alone.
"""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Mapping

import aiomqtt
import msgspec

from watchglass.app.fences import fence_in, of_ping, tell
from watchglass.app.going_out import connected, words
from watchglass.app.pipes import first_message, leave, say, take_messages
from watchglass.base import log
from watchglass.base.retry import Backoff
from watchglass.model.assignment import Shutdown
from watchglass.model.mqtt import (
    MqttForget,
    MqttKeep,
    MqttStands,
    MqttStart,
    MqttTell,
    ToMqtt,
)
from watchglass.model.notifier import NotTakenError
from watchglass.model.sending import Sent

_KEEPALIVE_S = 30
_OLD_S, _NEXT_S = 5.0, 1.0
"""What a broker keeps it sends as soon as it is asked, one behind the other."""
_MOST_OLD = 20_000
_MOST_MEMORY_BYTES = 1 << 30
_MOST_TELLS = 200
_QOS = 1
_ONLINE, _OFFLINE = "online", "offline"
_LOG = log.get("mqtt")


def main() -> None:
    """Stand there until told to stop or to forget, or until the supervisor is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[ToMqtt] = msgspec.json.Decoder(ToMqtt)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, MqttStart)
    log.configure(json=start.log_json)
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        del os.environ[name]
    tell(fence_in(of_ping(), start.fences))
    # A broker that sends without end ends this process, and nothing else.
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    asyncio.run(_live(start, decoder))
    leave()


async def _live(start: MqttStart, decoder: msgspec.json.Decoder[ToMqtt]) -> None:
    standing = Standing(start)
    loop = asyncio.get_running_loop()
    take_messages(
        decoder,
        lambda message: _soon(loop, standing.take, message),
        lambda: _soon(loop, standing.take, None),
    )
    await standing.run()


def _soon(
    loop: asyncio.AbstractEventLoop, take: Callable[[ToMqtt | None], None], message: ToMqtt | None
) -> None:
    with contextlib.suppress(RuntimeError):  # it has ended
        loop.call_soon_threadsafe(take, message)


class Standing:
    """At one broker. Of one event loop."""

    def __init__(self, start: MqttStart) -> None:
        self._start = start
        self._keep = dict(start.keep)
        self._changed: dict[str, str] = {}
        self._tells: dict[int, MqttTell] = {}
        self._work = asyncio.Event()
        self._over = False
        self._forgets = False
        self._connected = False
        self._said: MqttStands | None = None

    def take(self, message: ToMqtt | None) -> None:
        """What the supervisor says; None: it is gone."""
        match message:
            case None | Shutdown():
                self._over = True
            case MqttForget():
                self._over = self._forgets = True
            case MqttKeep():
                self._changed.update(message.changes)
                for topic, text in message.changes.items():
                    if text:
                        self._keep[topic] = text
                    else:
                        self._keep.pop(topic, None)
            case MqttTell():
                self._take_tell(message)
            case MqttStart():
                return
        self._work.set()

    def _take_tell(self, message: MqttTell) -> None:
        if not self._connected or len(self._tells) >= _MOST_TELLS:
            error = self._said.error if self._said is not None else ""
            say(Sent(message.number, error or "The broker is not reached yet."))
        else:
            self._tells[message.number] = message

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost."""
        backoff = Backoff(first_s=1.0, most_s=60.0)
        while not self._over or self._forgets:
            try:
                async with self._client() as client:
                    backoff.reset()
                    await self._stand(client)
                    return
            except (aiomqtt.MqttError, NotTakenError, OSError, ValueError) as error:
                self._lost(error)
            if self._over:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended(), backoff.next_s())

    async def _ended(self) -> None:
        while not self._over:
            self._work.clear()
            await self._work.wait()

    def _lost(self, error: Exception) -> None:
        self._connected = False
        self._say(MqttStands(connected=False, error=_words(error, self._start.timeout_s)))
        tells, self._tells = self._tells, {}
        for number in tells:
            say(Sent(number, "The connection to the broker was lost."))

    def _say(self, stands: MqttStands) -> None:
        if stands != self._said:
            self._said = stands
            say(stands)

    def _client(self) -> aiomqtt.Client:
        of = self._start.settings
        context = ssl.create_default_context() if of.tls else None
        client = aiomqtt.Client(
            of.host, of.port, username=of.user or None, password=self._start.password or None,
            identifier=f"watchglass-{of.node}", keepalive=_KEEPALIVE_S, tls_context=context,
            timeout=self._start.timeout_s, max_queued_incoming_messages=_MOST_OLD,
            will=aiomqtt.Will(self._start.available, _OFFLINE, _QOS, retain=True),
        )  # fmt: skip

        def connect() -> socket.socket:
            return connected(of.host, of.port, self._start.allow, self._start.timeout_s)

        # The one place where the library makes a connection: it goes where it was checked.
        client._client._create_socket_connection = connect  # type: ignore[method-assign]
        return client

    async def _stand(self, client: aiomqtt.Client) -> None:
        """Connected: say all, then what changes, until it is over."""
        self._changed = {}
        if not self._forgets:
            await self._publish(client, {self._start.available: _ONLINE} | self._keep)
        old = asyncio.create_task(self._take_away_old(client))
        try:
            if self._forgets:
                self._keep = {}
                await old
                return
            self._connected = True
            self._say(MqttStands(connected=True))
            await self._follow(client, old)
        finally:
            old.cancel()

    async def _follow(self, client: aiomqtt.Client, old: "asyncio.Task[None]") -> None:
        lost = asyncio.ensure_future(client._disconnected)
        while not self._over:
            self._work.clear()
            changed, self._changed = self._changed, {}
            await self._publish(client, changed)
            while self._tells:
                number = next(iter(self._tells))
                for topic, payload in self._tells[number].topics:
                    await client.publish(topic, payload, qos=_QOS)
                del self._tells[number]
                say(Sent(number, ""))
            waiting = asyncio.ensure_future(self._work.wait())
            await asyncio.wait((waiting, lost), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if lost.done():
                lost.result()
                raise aiomqtt.MqttError("the broker hung up")
        if self._forgets:
            old.cancel()
            told, self._keep = self._keep, {}
            await self._publish(client, dict.fromkeys([*told, self._start.available], ""))
            await self._take_away_old(client)
        else:
            await self._publish(client, {self._start.available: _OFFLINE})

    async def _publish(self, client: aiomqtt.Client, kept: Mapping[str, str]) -> None:
        for topic, text in kept.items():
            await client.publish(topic, text, qos=_QOS, retain=True)

    async def _take_away_old(self, client: aiomqtt.Client) -> None:
        """What the broker keeps of ours, and has to no more."""
        found: set[str] = set()
        for each in self._start.owns:
            await client.subscribe(each, qos=0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OLD_S) as patience:
                async for message in client.messages:
                    if message.retain and message.payload and len(found) < _MOST_OLD:
                        found.add(str(message.topic))
                        patience.reschedule(asyncio.get_running_loop().time() + _NEXT_S)
        for each in self._start.owns:
            await client.unsubscribe(each)
        wanted = self._keep.keys() | (set() if self._forgets else {self._start.available})
        await self._publish(client, dict.fromkeys(found - wanted, ""))


def _words(error: Exception, timeout_s: float) -> str:
    """A sentence for people, of what first went wrong."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__
    for each in chain:
        if isinstance(each, aiomqtt.MqttCodeError):
            return "The broker refuses it: are user name and password right?"
        if isinstance(each, NotTakenError | OSError):
            return words(each, timeout_s)
    return "The connection to the broker was lost."


if __name__ == "__main__":
    main()
