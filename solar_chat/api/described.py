"""What the OpenAPI description says of answers: the error object, and that a reply is JSON or a stream."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorObject(BaseModel):
    """Every refusal."""

    error: ErrorDetail


def _error(description: str) -> dict[str, Any]:
    return {"model": ErrorObject, "description": description}


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: _error("Something in the request cannot be honoured; `param` names it."),
    401: _error("The API key is missing or wrong."),
    403: _error("The Host or Origin is not one of this computer."),
    404: _error("No such model or address."),
    405: _error("Not with this method."),
    408: _error("The body did not come."),
    413: _error("The body is too large."),
    429: _error("The queue is full; `Retry-After` says when to come again."),
    500: _error("A fault of ours."),
    503: _error("The model cannot be used."),
}
_EVENT: Final = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}, "required": ["data"]}
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The reply; with `stream`, its events.",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {"schema": _EVENT}},
    },
    **REFUSALS,
    # Instead of FastAPI's own.
    422: _error("Not used."),
}
