"""Waiting on sockets in one thread, ended early by any other."""

import math
import os
import threading
from dataclasses import dataclass

import zmq


@dataclass(frozen=True, slots=True)
class Awoken:
    """Why a wait ended; neither: its time was up."""

    by_socket: bool
    by_wake: bool


class Wait:
    """A poller with an eventfd beside the sockets. ``wake`` is for any thread, the rest for one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._woken = False
        self._closed = False
        self._poller = zmq.Poller()
        self._poller.register(self._eventfd, zmq.POLLIN)

    def watch(self, socket: zmq.Socket[bytes], *, writable: bool = False) -> None:
        """Wake when something arrives, or until changed also when the socket can be written."""
        self._poller.register(socket, zmq.POLLIN | (zmq.POLLOUT if writable else 0))

    def forget(self, socket: zmq.Socket[bytes]) -> None:
        """No longer wake for this socket; it must be open still."""
        self._poller.unregister(socket)

    def wake(self) -> None:
        """End the wait under way, or the next one. One system call, none while one is pending."""
        with self._lock:
            if not self._woken and not self._closed:
                self._woken = True
                os.eventfd_write(self._eventfd, 1)

    def wait(self, timeout_s: float) -> Awoken:
        """Wait at most ``timeout_s`` (rounded up to a millisecond, so that nobody spins)."""
        ready = self._poller.poll(max(0, math.ceil(timeout_s * 1000)))
        by_wake = any(source == self._eventfd for source, _ in ready)
        if by_wake:
            with self._lock:
                self._woken = False
                os.eventfd_read(self._eventfd)
        return Awoken(by_socket=len(ready) > by_wake, by_wake=by_wake)

    def close(self) -> None:
        """Give the descriptor back; later wakes do nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._poller.unregister(self._eventfd)
                os.close(self._eventfd)
