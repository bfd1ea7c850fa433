"""The page's client is made from the document of the routes: that document has to be the one."""

import msgspec
from fastapi import FastAPI

import watchglass
from tests.conftest import CHECKOUT
from watchglass.api.application import add_routes, openapi_of


def test_the_client_is_made_from_the_routes_as_they_are() -> None:
    app = FastAPI(version=watchglass.__version__)
    app.router.routes.clear()
    add_routes(app)
    kept = msgspec.json.decode((CHECKOUT / "ui" / "openapi.json").read_bytes())
    made = msgspec.json.decode(msgspec.json.encode(openapi_of(app)))
    assert kept == made, "run 'scripts/ui --api'"
