"""Signed documents as answers: JSON to keep, a page to print."""

import json

from fastapi import Response

from watchglass.access.policy import User
from watchglass.api.services import Services
from watchglass.evidence.page.statement import statement_page
from watchglass.model.erasure import SignedStatement, StatementRequest
from watchglass.model.order import StatementKind

_NO_STORE = {"Cache-Control": "no-store"}


async def statement_of(of: Services, kind: StatementKind, about: str, user: User) -> Response:
    """``{"statement": text, "signature": hex}``: what is signed is the text's own bytes."""
    made = await _made(of, kind, about, user)
    data = json.dumps({"statement": made.document, "signature": made.signature})
    name = f'attachment; filename="{kind.value}-{about[:8]}.json"'
    return Response(data, 200, {**_NO_STORE, "Content-Disposition": name}, "application/json")


async def page_of(of: Services, kind: StatementKind, about: str, user: User) -> Response:
    made = await _made(of, kind, about, user)
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    name = f'inline; filename="{kind.value}-{about[:8]}.html"'
    headers = {**_NO_STORE, **policy, "Content-Disposition": name}
    return Response(statement_page(made.document, made.signature), 200, headers, "text/html")


async def _made(of: Services, kind: StatementKind, about: str, user: User) -> SignedStatement:
    order = StatementRequest(kind, about, user.name)
    return await of.blocking.patiently(of.ports.decisions.statement, order)
