"""Random tokens that open a session or the set-up; only their hashes are kept."""

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """32 random bytes in text that fits a cookie and a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is kept of a token. It is random, so a plain hash does: there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
