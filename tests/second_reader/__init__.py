"""A second reader of what is on disk, written from docs/format.md alone.

It shares no line with the recorder. Where the two disagree, the page or one of them is wrong.
"""
