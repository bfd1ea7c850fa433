"""Power cuts, replayed from what a real recorder wrote and synced: ``scripts/bench powercut``."""
