"""The engine that finds events by rules, and the joining of them to review items."""

from watchglass.base.errors import RefusedError
from watchglass.model.found import RuleEngine


def rule_engine() -> RuleEngine:
    """A new one, which has seen nothing yet."""
    raise RefusedError("This version cannot try rules.")
