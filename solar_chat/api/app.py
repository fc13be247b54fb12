"""The door put together: routes, errors, and the gate around them."""

from __future__ import annotations

import time

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from solar_chat import __version__
from solar_chat.api.chat import chat_router
from solar_chat.api.completions import completions_router
from solar_chat.api.desk import Desk
from solar_chat.api.gate import Gate
from solar_chat.api.listing import listing_router
from solar_chat.api.options import ApiOptions
from solar_chat.api.refusals import Refusal, Speaker
from solar_chat.api.responses import responses_router
from solar_chat.assistant import Assistant
from solar_chat.errors import SolarChatError


def build_app(assistant: Assistant, options: ApiOptions) -> ASGIApp:
    """Answers everything under `api.PATHS`, and everything else with 404."""
    speaker = Speaker(assistant.catalogue)
    desk = Desk(assistant, options, speaker)
    # The pages for reading a description load scripts from elsewhere.
    app = FastAPI(title="Solar Chat", version=__version__, openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    for router in (chat_router(desk), completions_router(desk), responses_router(desk), listing_router(desk, int(time.time()))):
        app.include_router(router)
    for kind in (Refusal, SolarChatError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, speaker.handle)
    return Gate(app, options, speaker)
