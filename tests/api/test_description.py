"""Our OpenAPI description, and whatever can be made from it: no request is answered by a fault of the server.

A few dozen cases an endpoint, half of them invalid; `SOLAR_CHAT_API_CASES=2000` makes more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from solar_chat.api import ApiOptions
from solar_chat.engine import ScriptedBackend
from tests.api.house import House, opened

CASES = int(os.environ.get("SOLAR_CHAT_API_CASES", "24"))
ENDPOINTS = {
    ("GET", "/health"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model}"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/responses"),
}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(tmp_path_factory.mktemp("home"), ApiOptions(), ScriptedBackend(default=["안녕", "하세요."])) as house:
        yield house


def described_endpoints(house: House) -> set[tuple[str, str]]:
    told = json.loads(house.ask("GET", "/v1/openapi.json")[2])
    return {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}


def test_every_endpoint_is_described(described: House) -> None:
    assert described_endpoints(described) == ENDPOINTS


@pytest.mark.parametrize(("method", "path"), sorted(ENDPOINTS))
def test_no_case_is_a_fault_of_the_server(described: House, method: str, path: str) -> None:
    schema = schemathesis.openapi.from_url(f"{described.url}/openapi.json")
    operation = schema[path][method]
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    answered: dict[int, int] = {}

    @settings(max_examples=CASES, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(case=cases)
    def ask(case: Case[Any]) -> None:
        # The name would nearly never be right.
        if isinstance(case.body, dict) and "model" in case.body and isinstance(case.body["model"], str):
            case.body["model"] = "solar"
        response = case.call(base_url=described.url.removesuffix("/v1"), timeout=60)
        answered[response.status_code] = answered.get(response.status_code, 0) + 1
        checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
        case.validate_response(response, checks=checks)
        if response.status_code >= 400:
            assert set(response.json()["error"]) == {"message", "type", "param", "code"}

    ask()
    if method == "POST":
        assert sum(answered.values()) >= CASES
        # What the description promises is reached, not only refused.
        assert answered[200] > CASES / 20, answered
