"""How a process of the recorder gets to another: which socket, and by what right."""

import msgspec


class Way(msgspec.Struct, frozen=True, array_like=True):
    """A socket (``ipc://``) to speak at, and the proof that whoever was given this may.

    ``every_s``: how often who goes there to say that it lives is to say so.
    """

    endpoint: str
    proof: str
    every_s: float = 1.0

    def __repr__(self) -> str:
        return f"Way({self.endpoint})"


class Stand(msgspec.Struct, frozen=True, array_like=True):
    """A socket to serve, and the key by which it is told who may come."""

    endpoint: str
    key: str

    def __repr__(self) -> str:
        return f"Stand({self.endpoint})"
