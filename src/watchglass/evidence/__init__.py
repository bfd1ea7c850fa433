"""Evidence bundles: how one is written, and how it is checked.

What writes and what checks share no code: `verify` and ``page/verify.js`` know the format from
docs/format.md alone, and travel in every bundle.
"""
