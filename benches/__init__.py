"""Benches: each measures one figure against its target. `scripts/bench` lists them."""
