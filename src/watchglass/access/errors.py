"""Why somebody is not let in."""

from watchglass.base.errors import UsageError


class NotSignedInError(UsageError):
    """Nobody is signed in, or no longer."""

    code = "not_signed_in"
    exit_code = 7


class ForbiddenError(UsageError):
    """Signed in, and not allowed to do this."""

    code = "forbidden"
    exit_code = 8


class WrongPasswordError(UsageError):
    """Name and password, or the set-up token, do not fit. Which of them is not said."""

    code = "wrong_password"
    exit_code = 9


class SecondFactorError(UsageError):
    """The password is right, and a code has to be given too."""

    code = "second_factor"
    exit_code = 9


class TooManyTriesError(UsageError):
    """Somebody guesses; ``wait_s`` says when the next try is looked at."""

    code = "too_many_tries"
    exit_code = 10

    def __init__(self, sentence: str, wait_s: float) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s
