"""Who may speak at a socket, and as whom: a peer shows a proof that goes with its name.

The file permissions of a socket keep other users out, and not our own processes: one that was taken
over runs as the same user, and no fence of ours governs connecting to a socket file. So each socket
has a key, made anew at each start of the recorder, and whoever may speak there was handed the
proof for its own name, which is worth nothing under another name or at another socket. In the same
way who speaks shows of what it may.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self

PROOF_CHARS = 64


@dataclass(frozen=True, slots=True)
class Key:
    """Of one socket; its server has it, and who hands out the proofs."""

    text: str = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        return cls(secrets.token_hex(32))

    def proof(self, name: str, of: str = "") -> str:
        """What shows that one may speak as ``name``; with ``of``, that who has this name may speak
        of that."""
        # No name has a blank in it, so neither stands for the other.
        said = f"{name} {of}" if of else name
        return hmac.new(self.text.encode(), said.encode(), hashlib.sha256).hexdigest()

    def admits(self, name: str, proof: bytes, of: str = "") -> bool:
        """Whether the proof is that of the name; takes as long for each wrong one."""
        return hmac.compare_digest(self.proof(name, of).encode(), proof)
