"""The control socket: one question, one answer, or a sentence that says why not."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tests.bus.hop_fixtures import DOWN, UP, Ack, Bell, Note, Up, endpoint_in
from watchglass.base.errors import BusError
from watchglass.bus.endpoint import open_dealer
from watchglass.bus.proof import Key
from watchglass.bus.request import ControlClient, ControlServer, Token, proof_to_ask


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer[Up, Ack]]:
    server: ControlServer[Up, Ack] = ControlServer(endpoint_in(tmp_path), UP, DOWN, max_pending=3)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            for token, request in server.poll(1.0):
                answer(server, token, request)

    thread = threading.Thread(target=serve)
    thread.start()
    yield server
    stop.set()
    server.wake()
    thread.join()
    server.close()


def answer(server: ControlServer[Up, Ack], token: Token, request: Up) -> None:
    match request:
        case Note(number):
            assert server.reply(token, Ack(number))
            assert not server.reply(token, Ack(number))  # once
        case Bell("ignore"):
            pass
        case Bell(text):
            assert server.fail(token, f"There is no '{text}'.")


def a_caller(folder: Path) -> ControlClient[Up, Ack]:
    return ControlClient(endpoint_in(folder), UP, DOWN)


@pytest.mark.usefixtures("server")
def test_question_and_answer(tmp_path: Path) -> None:
    caller = a_caller(tmp_path)
    for number in range(20):
        assert caller.call(Note(number, bytes(1000)), 5.0) == Ack(number)


@pytest.mark.usefixtures("server")
def test_the_server_says_why_not(tmp_path: Path) -> None:
    with pytest.raises(BusError, match="There is no 'garden'"):
        a_caller(tmp_path).call(Bell("garden"), 5.0)


@pytest.mark.usefixtures("server")
def test_no_answer_in_time(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with pytest.raises(BusError, match=r"did not answer within 0\.2 s"):
        a_caller(tmp_path).call(Bell("ignore"), 0.2)
    assert 0.15 < time.monotonic() - began_s < 2


@pytest.mark.usefixtures("server")
def test_too_many_at_once(tmp_path: Path) -> None:
    caller = a_caller(tmp_path)
    for _ in range(3):
        with pytest.raises(BusError, match="did not answer"):
            caller.call(Bell("ignore"), 0.05)
    with pytest.raises(BusError, match="busy with other requests"):
        caller.call(Note(1), 5.0)


@pytest.mark.usefixtures("server")
def test_garbage_is_answered_or_ignored(tmp_path: Path) -> None:
    dealer = open_dealer(endpoint_in(tmp_path), 2**20)
    assert dealer.poll(2000, zmq.POLLOUT)
    for frames in ([b""], [b"x"] * 300, [b"short", b"y"]):
        dealer.send_multipart(frames)
    dealer.send_multipart([bytes(8), b"", b"\x07"])
    assert dealer.poll(2000)
    assert b"version 7" in dealer.recv_multipart()[2]
    dealer.close(0)
    assert a_caller(tmp_path).call(Note(1), 5.0) == Ack(1)


def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with pytest.raises(BusError, match="No server answers"):
        a_caller(tmp_path).call(Note(1), 30.0)
    assert time.monotonic() - began_s < 1


def test_closed_is_closed(tmp_path: Path) -> None:
    server: ControlServer[Up, Ack] = ControlServer(endpoint_in(tmp_path), UP, DOWN)
    server.close()
    server.close()
    with pytest.raises(BusError, match="closed"):
        server.poll(0)


def test_who_shows_no_proof_is_refused(tmp_path: Path) -> None:
    key = Key.make()
    server: ControlServer[Up, Ack] = ControlServer(endpoint_in(tmp_path), UP, DOWN, key=key)
    wrong = ["", key.text, proof_to_ask(Key.make()), proof_to_ask(key)[:-1], "é" * 64]
    errors: list[str] = []

    def ask() -> None:
        for proof in wrong:
            caller = ControlClient(endpoint_in(tmp_path), UP, DOWN, proof=proof)
            try:
                caller.call(Note(1), 20.0)
            except BusError as error:
                errors.append(error.sentence)
        good = ControlClient(endpoint_in(tmp_path), UP, DOWN, proof=proof_to_ask(key))
        assert good.call(Note(2), 20.0) == Ack(2)

    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive():
        for token, request in server.poll(0.05):
            assert request == Note(2)
            answer(server, token, request)
    server.close()
    assert [each.startswith("Whoever asks shows no proof") for each in errors] == [True] * 5
    assert server.unproven == 5
