"""What somebody would put into a bundle to stop, mislead or take over who checks it.

Each is listed and signed with the recorder's own key, so that the check reads on into it.
"""

from benches.tamper.crafted import ALL, crafted
from benches.tamper.files import Files

__all__ = ["ALL"]
_MIB = 1 << 20


def _line(files: Files, raw: bytes) -> None:
    """A ledger line in the place of one of ours."""
    rows = files.rows(files.lines_name)
    rows[2] = raw
    files.put_rows(files.lines_name, rows)


@crafted("intact", "line_bad")
def a_line_of_deep_nesting(files: Files, other: Files) -> None:
    _line(files, b'{"a":' + b"[" * 300_000 + b"]" * 300_000 + b"}")


@crafted("intact", "line_bad")
def a_line_with_a_number_of_a_million_digits(files: Files, other: Files) -> None:
    _line(files, b'{"n":' + b"9" * _MIB + b"}")


@crafted("intact", "line_bad")
def a_line_with_a_fraction_of_endless_size(files: Files, other: Files) -> None:
    _line(files, b'{"n":1e999999999}')


@crafted("intact", "line_bad")
def a_line_that_does_not_end(files: Files, other: Files) -> None:
    files.held[files.lines_name] = b'{"a":"' + b"a" * (17 * _MIB)


@crafted("intact", "line_number", "line_bad", "lines_bad", "manifest_bad")
def a_line_whose_number_is_a_decimal_without_end(files: Files, other: Files) -> None:
    _line(files, b'{"n":"' + b"7" * _MIB + b'"}')


@crafted("intact", "line_bad")
def a_line_that_is_not_utf_8(files: Files, other: Files) -> None:
    _line(files, b'{"a":"\xff\xfe"}')


@crafted("intact", "manifest_bad")
def a_name_that_is_a_script(files: Files, other: Files) -> None:
    files.held["<script>alert(1)</script>.html"] = b"x"


@crafted("intact", "manifest_bad")
def a_name_with_codes_of_a_terminal(files: Files, other: Files) -> None:
    files.held["a\x1b]0;mine\x07.html"] = b"x"


@crafted("intact", "file_extra", relist="none")
def a_script_beside_the_bundle(files: Files, other: Files) -> None:
    files.held["evil.js"] = b"alert(1)"


@crafted("intact", "earlier_bad", "manifest_bad")
def an_earlier_line_with_a_path_without_end(files: Files, other: Files) -> None:
    files.held[files.earlier_name] = b'{"line":"{}","path":[' + b'"00",' * 100_000 + b'"00"]}\n'
