"""What all tests of coming in share."""

from tests.cheap_passwords import cheap_passwords

__all__ = ["cheap_passwords"]
