"""The one ``authorise``."""

import pytest

from watchglass.access.errors import NotSignedInError
from watchglass.access.policy import Action, User, authorise


@pytest.mark.parametrize("action", Action)
def test_who_is_not_signed_in_may_only_come_in(action: Action) -> None:
    if action in (Action.OPEN_PAGE, Action.ENTER):
        authorise(None, action, None, None)
    else:
        with pytest.raises(NotSignedInError):
            authorise(None, action, None, None)


@pytest.mark.parametrize("action", Action)
def test_the_admin_may_do_all(action: Action) -> None:
    authorise(User("1", "admin", "s"), action, None, 5)
