"""What the keeper counts. Apart from the keeper, because a worker's numbers stand in one table with
its: a worker loads no database to say how many frames it has."""

from dataclasses import dataclass


@dataclass(slots=True)
class KeeperCounters:
    """What the keeper did since it started, for metrics."""

    facts: int = 0
    cycles: int = 0
    recovered_files: int = 0
    recovered_bytes_cut: int = 0
    adopted_files: int = 0
    purged_files: int = 0
    heads: int = 0
    failed_syncs: int = 0
