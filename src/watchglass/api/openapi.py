"""``python -m watchglass.api.openapi FILE``: the document that clients are generated from."""

import sys
from pathlib import Path

import msgspec
from fastapi import FastAPI

import watchglass
from watchglass.api.application import add_routes, openapi_of


def main() -> None:
    """Write the document to a file; no recorder is needed."""
    app = FastAPI(version=watchglass.__version__)
    app.router.routes.clear()
    add_routes(app)
    text = msgspec.json.format(msgspec.json.encode(openapi_of(app)), indent=2)
    Path(sys.argv[1]).write_bytes(text + b"\n")


if __name__ == "__main__":
    main()
