"""Why a request is refused, in the shape that OpenAI's clients read.

`{"error": {"message", "type", "param", "code"}}`, always. The rule: a message never shows a path of this computer, and a failure of ours is logged
where the owner can read it, not told to the client. Sentences come from the locales, in the language of `Accept-Language`, else English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath, PureWindowsPath
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from solar_chat.errors import InputError, ModelError, OutOfMemory, SolarChatError
from solar_chat.i18n import Catalogue, InterfaceLanguage

_ROOT: Final = r"(?:~|[A-Za-z]:)?[\\/]+"
_QUOTED_PATH: Final = re.compile(rf"""(?P<quote>['"])(?P<path>{_ROOT}.*?)(?P=quote)""")
# In a sentence: folders may have spaces inside, the last name ends at one.
_SIGN: Final = r"""[^\s'"\\/:,;)]"""
_PATH: Final = re.compile(rf"""(?<![\w:/.\\]){_ROOT}(?:{_SIGN}(?:[^\n'"\\/:,;)]*{_SIGN})?[\\/]+)*({_SIGN}*)""")
# What a request itself is to blame for; all other errors of the tree are the model's or the machine's.
_CLIENT_ERRORS: Final = {"prompt_too_long", "prompt_empty", "prompt_unknown_token", "no_feature", "remote_cannot_continue", "remote_filtered"}
# What an endpoint calls that which is to be answered, where it is not `messages`.
_ASKED_IN: Final = {"/v1/completions": "prompt", "/v1/responses": "input"}
_FEATURE_PARAMS: Final = {"logprobs": "logprobs", "prompt_logprobs": "echo", "json": "response_format", "raw_prompt": "prompt"}


# Not frozen: whoever handles an exception sets its traceback.
@dataclass(eq=False)
class Refusal(Exception):
    """A request that is not answered. `key` names a sentence `api.<key>` in the locales."""

    key: str
    param: str | None = None
    code: str | None = None
    status: int = 400
    kind: str = "invalid_request_error"
    params: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def unsupported(param: str) -> Refusal:
    """A field whose value would have to change the reply, and cannot here."""
    return Refusal("unsupported", param, "unsupported_parameter", params={"param": param})


class Utf8Json(JSONResponse):
    """JSON in which half a character, of a client's own or of a path, does no harm."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


class Speaker:
    """Puts refusals and errors into words."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def body(self, error: BaseException, lang: InterfaceLanguage = "en", asked_in: str = "messages") -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """(status, error object, headers) for `error`, whatever it is; `asked_in` is the endpoint's word for what is to be answered."""
        refusal = _refusal(error, asked_in)
        if isinstance(error, SolarChatError):
            shown = {name: without_paths(value) for name, value in error.params.items()}
            message = self._catalogue.tr(lang, f"error.{error.key}", **shown)
        else:
            message = self._catalogue.tr(lang, f"api.{refusal.key}", **refusal.params)
        told = {"message": message, "type": refusal.kind, "param": refusal.param, "code": refusal.code}
        return refusal.status, {"error": told}, refusal.headers

    def response(self, error: BaseException, lang: InterfaceLanguage = "en", asked_in: str = "messages") -> JSONResponse:
        status, body, headers = self.body(error, lang, asked_in)
        return Utf8Json(body, status, dict(headers))

    async def handle(self, request: Request, error: Exception) -> JSONResponse:
        """FastAPI's hook for every error."""
        return self.response(error, language_of(request.headers.get("accept-language", "")), asked_in(request))


def asked_in(request: Request) -> str:
    """The field of `request` that holds what is to be answered."""
    return _ASKED_IN.get(request.url.path, "messages")


def language_of(accepted: str) -> InterfaceLanguage:
    """The language of `Accept-Language`; programs that send none read English."""
    return "ko" if re.match(r"\s*ko(?![a-z])", accepted.lower()) else "en"


def without_paths(value: object) -> object:
    """`value` with files called by their last name."""
    if isinstance(value, PurePath):
        return value.name
    if not isinstance(value, str):
        return value
    if re.match(_ROOT, value):
        return _last_name(value)
    value = _QUOTED_PATH.sub(lambda found: found["quote"] + _last_name(found["path"]) + found["quote"], value)
    return _PATH.sub(lambda found: found[1] or "…", value)


def _last_name(path: str) -> str:
    # Windows' separators are both.
    return PureWindowsPath(path).name or "…"


def _refusal(error: BaseException, asked_in: str) -> Refusal:
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return _http(error)
        case SolarChatError():
            return _of_ours(error, asked_in)
    return Refusal("failed", code="server_error", status=500, kind="server_error")


def _of_ours(error: SolarChatError, asked_in: str) -> Refusal:
    if error.key == "prompt_too_long":
        return Refusal(error.key, asked_in, "context_length_exceeded")
    if error.key == "no_feature":
        return Refusal(error.key, _FEATURE_PARAMS.get(str(error.params.get("feature"))), "unsupported_parameter")
    if isinstance(error, InputError) or error.key in _CLIENT_ERRORS:
        return Refusal(error.key, asked_in)
    if isinstance(error, OutOfMemory | ModelError):
        return Refusal(error.key, code=error.key, status=503, kind="server_error")
    return Refusal(error.key, code=error.key, status=500, kind="server_error")


def _http(error: HTTPException) -> Refusal:
    if error.status_code == 404:
        return Refusal("no_such_url", code="unknown_url", status=404)
    if error.status_code == 405:
        return Refusal("no_such_method", code="method_not_allowed", status=405, headers=error.headers or {})
    return Refusal("bad_body", status=error.status_code if error.status_code < 500 else 400)


def _invalid(error: RequestValidationError) -> Refusal:
    """The first thing that is wrong with a body."""
    first: Mapping[str, Any] = error.errors()[0]
    kind, param = str(first["type"]), _param(first["loc"])
    if kind == "json_invalid" or param is None:
        return Refusal("bad_body")
    if kind == "extra_forbidden":
        return Refusal("unknown_field", param, "unknown_parameter", params={"param": param})
    if kind == "missing":
        return Refusal("missing", param, "missing_required_parameter", params={"param": param})
    if kind.startswith("api."):
        code = "unsupported_parameter" if kind == "api.unsupported" else "invalid_value"
        return Refusal(kind.removeprefix("api."), param, code, params={**first.get("ctx", {}), "param": param})
    return Refusal("invalid", param, "invalid_value", params={"param": param, "reason": first["msg"]})


def _param(location: tuple[str | int, ...]) -> str | None:
    """`messages[0].content` of ("body", "messages", 0, "content")."""
    shown = ""
    for part in location[1:]:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown or None
