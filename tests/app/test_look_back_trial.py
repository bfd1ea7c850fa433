"""What comes after a process that looked back: again, with more care, or no more."""

from watchglass.app.look_back_trial import Next, Trial
from watchglass.model.look_back import LookBackTold


def died(*at_ns: int) -> LookBackTold:
    return LookBackTold(0, 0, 0.0, died_at=at_ns)


def test_what_kills_who_looks_is_found_and_left_out() -> None:
    trial = Trial()
    assert trial.after(died(10, 20, 30), came_further=True) is Next.AGAIN
    assert (trial.careful_to_ns, trial.left_out) == (30, set())
    assert trial.after(died(20), came_further=False) is Next.AGAIN
    assert trial.left_out == set()  # once may be chance
    assert trial.after(died(20), came_further=False) is Next.AGAIN
    assert trial.left_out == {20}
    assert trial.after(LookBackTold(40, 5, 1.0, over=True), came_further=True) is Next.OVER


def test_one_that_always_dies_is_given_up() -> None:
    trial = Trial()
    came = [trial.after(died(at_ns), came_further=True) for at_ns in range(20)]
    assert came.index(Next.DEADLY) == 12


def test_a_process_that_is_killed_begins_again_and_one_that_comes_no_further_is_given_up() -> None:
    trial = Trial()
    for _ in range(20):
        assert trial.after(LookBackTold(5, 1, 1.0), came_further=True) is Next.AGAIN
    came = [trial.after(None, came_further=False) for _ in range(3)]
    assert came == [Next.AGAIN, Next.AGAIN, Next.STUCK]
