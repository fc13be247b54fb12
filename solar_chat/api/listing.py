"""`GET /v1/models`, `/v1/models/{id}` and `/health`: which model answers, and whether it does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from solar_chat.api.described import REFUSALS
from solar_chat.api.desk import Desk


def listing_router(desk: Desk, created: int) -> APIRouter:
    """`created` is when this server began: models have no date of their own here."""
    router = APIRouter()

    def card() -> dict[str, Any]:
        return {"id": desk.model_id(), "object": "model", "created": created, "owned_by": "solar-chat"}

    @router.get("/v1/models", responses=REFUSALS, summary="The model that answers")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [card()]}

    @router.get("/v1/models/{model:path}", responses=REFUSALS, summary="The model of a name or alias")
    async def model(model: str) -> dict[str, Any]:
        desk.check_model(model)
        return card()

    @router.get("/health", responses=REFUSALS, summary="Whether the model is loaded; asked without a key")
    async def health() -> dict[str, Any]:
        stage = desk.assistant.load_state().stage
        status = {"ready": "ok", "failed": "failed", "idle": "idle"}.get(stage, "loading")
        return {"status": status, "running": desk.running, "waiting": desk.waiting}

    return router
