"""The texts that leave."""

import pytest

from watchglass.base.errors import UsageError
from watchglass.events.message import checked_address, two_lines


def test_two_lines_on_a_day() -> None:
    assert two_lines(6, 0, 9.2, {}) == (
        "6 cameras, 0 s missing, 9 days left.",
        "Nothing needs you.",
    )
    first, second = two_lines(1, 7300, None, {"a": "Hall\r\nis lost.", "b": "x"})
    assert first == "1 camera, 2 h 1 min missing, not known yet how many days are left."
    assert second == "Hall  is lost. And 1 more."
    assert two_lines(2, 130, 1.04, {})[0] == "2 cameras, 2 min missing, 1.0 days left."


@pytest.mark.parametrize(
    "text", ["", "a", "a@", "@b", "a@b\r\nBcc: c@d", "a b@c", "a@b, c@d", "ä@b", "A <a@b>"]
)
def test_what_is_no_mail_address(text: str) -> None:
    with pytest.raises(UsageError, match="no mail address"):
        checked_address(text)
    assert checked_address(" a@example.org ") == "a@example.org"
