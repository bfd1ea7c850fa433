"""HTML that cannot be escaped by what it shows: text is text unless it was made here."""

import html
from collections.abc import Iterable


class Html(str):
    """Markup, already escaped. Only `el` and `raw` make it."""

    __slots__ = ()


def raw(markup: str) -> Html:
    """Markup that this program wrote itself; never anything from outside."""
    return Html(markup)


def text(value: object) -> Html:
    """A value as text. What does not print was escaped where it came in; here it is again."""
    shown = str(value)
    if not shown.isprintable():
        shown = "".join(
            sign if sign.isprintable() else sign.encode("unicode_escape", "replace").decode()
            for sign in shown
        )
    return Html(html.escape(shown, quote=True))


_VOID = frozenset({"meta", "br", "hr", "col"})


def el(name: str, /, *children: "Html | str | int | None", **attributes: str | None) -> Html:
    """An element. ``class_`` and the like lose their line; children that are None are left out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{joined(children)}</{name}>")


def joined(children: "Iterable[Html | str | int | None]") -> Html:
    return Html("".join(
        child if isinstance(child, Html) else text(child) for child in children if child is not None
    ))  # fmt: skip


def table(
    heads: Iterable[str], rows: Iterable[Iterable["Html | str | int | None"]], class_: str = ""
) -> Html:
    """A table; each cell text or markup."""
    head = el("thead", el("tr", *(el("th", each, scope="col") for each in heads)))
    body = el("tbody", *(el("tr", *(el("td", cell) for cell in row)) for row in rows))
    return el("table", head, body, class_=class_ or None)


def bullets(sentences: Iterable["Html | str"], class_: str = "") -> Html:
    return el("ul", *(el("li", each) for each in sentences), class_=class_ or None)
