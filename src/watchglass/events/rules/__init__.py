"""Rules over tracks. `engine.Engine` is all that others need: tracks in, events out.

What fires is what was seen. A position that is only carried on moves nothing and fires nothing; a
track that is lost has not left. The same points lead to the same events, one by one or all at once,
now or again: over stored tracks the engine tells what a rule would have found, and fed once more
after a crash it tells what it had told.
"""
