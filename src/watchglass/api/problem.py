"""The one shape of an error: problem details for HTTP (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from watchglass.access.errors import TooManyTriesError
from watchglass.api.errors import GoneError
from watchglass.base import log
from watchglass.base.errors import CertificateError, WatchglassError
from watchglass.model.gap import GapCause

MEDIA_TYPE = "application/problem+json"
_LOG = log.get("api")

_STATUS: dict[str, HTTPStatus] = {
    "usage": HTTPStatus.BAD_REQUEST,
    "not_found": HTTPStatus.NOT_FOUND,
    "gone": HTTPStatus.GONE,
    "refused": HTTPStatus.CONFLICT,
    "already_running": HTTPStatus.CONFLICT,
    "not_signed_in": HTTPStatus.UNAUTHORIZED,
    "wrong_password": HTTPStatus.UNAUTHORIZED,
    "second_factor": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "masked": HTTPStatus.FORBIDDEN,
    "too_many_tries": HTTPStatus.TOO_MANY_REQUESTS,
    "storage": HTTPStatus.SERVICE_UNAVAILABLE,
    "disk_full": HTTPStatus.SERVICE_UNAVAILABLE,
    "write_failed": HTTPStatus.SERVICE_UNAVAILABLE,
    "volume_missing": HTTPStatus.SERVICE_UNAVAILABLE,
    "bus": HTTPStatus.SERVICE_UNAVAILABLE,
    "media_worker": HTTPStatus.SERVICE_UNAVAILABLE,
    "camera": HTTPStatus.CONFLICT,
    "camera_unreachable": HTTPStatus.CONFLICT,
    "auth_failed": HTTPStatus.CONFLICT,
    "certificate_untrusted": HTTPStatus.CONFLICT,
    "stream_invalid": HTTPStatus.CONFLICT,
    "codec_unsupported": HTTPStatus.CONFLICT,
    "stalled": HTTPStatus.CONFLICT,
    "no_picture": HTTPStatus.NOT_FOUND,
    "picture_damaged": HTTPStatus.NOT_FOUND,
}


class Problem(BaseModel):
    """Why a request was not done."""

    type: str = Field(description="`urn:watchglass:problem:` and the code.")
    title: str = Field(description="The HTTP status in words.")
    status: int
    code: str = Field(description="Stable: programs decide by it.")
    detail: str = Field(description="One sentence for a person, with what to do.")
    cause: GapCause | None = Field(None, description="Why media is gone, where that is known.")
    fingerprint: str | None = Field(
        None, description="Of the key that a camera showed, where that is not trusted."
    )


def problem(
    status: int, code: str, detail: str, cause: GapCause | None = None,
    fingerprint: str | None = None,
) -> JSONResponse:  # fmt: skip
    """A response of this shape."""
    told = Problem(
        type=f"urn:watchglass:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        cause=cause,
        fingerprint=fingerprint,
    )
    return JSONResponse(told.model_dump(mode="json"), status, media_type=MEDIA_TYPE)


def problem_of(error: WatchglassError) -> JSONResponse:
    """The response for an error of ours; a code without a status of its own is our fault: 500."""
    status = _STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("request_failed", code=error.code, error=error.sentence)
    cause = error.cause if isinstance(error, GoneError) else None
    shown = error.fingerprint or None if isinstance(error, CertificateError) else None
    response = problem(status, error.code, error.sentence, cause, shown)
    if isinstance(error, TooManyTriesError):
        response.headers["Retry-After"] = str(max(1, round(error.wait_s)))
    return response


RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Why it was not done.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""For the OpenAPI document: what every route may answer."""


def handle_errors(app: FastAPI) -> None:
    """Let everything that goes wrong leave in this shape."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, WatchglassError)
        return problem_of(error)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem(HTTPStatus.BAD_REQUEST, "usage", _invalid_words(error))

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = "not_found" if error.status_code == HTTPStatus.NOT_FOUND else "usage"
        return problem(error.status_code, code, str(error.detail))

    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        _LOG.error("request_crashed", error=type(error).__name__)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "internal",
            "The recorder failed at this request: its log says where.",
        )  # fmt: skip

    app.add_exception_handler(WatchglassError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unforeseen)


def _invalid_words(error: RequestValidationError) -> str:
    """The first thing that is wrong. What was given is not repeated: it may be a password."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "the body"
    return f"{where}: {first['msg']}."
