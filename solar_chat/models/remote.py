"""Names of models on a server: `upstage:MODEL`, `ollama:MODEL`, `remote:BASE_URL#MODEL`.

A name is stored in the settings and shown, so it never holds a secret: an address with a user name or a question mark is refused. The rule: one
server has one spelling, because its key is found by it. Asks nobody whether the model is there (`engine.connect` does).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from solar_chat.errors import ModelError
from solar_chat.models.spec import ModelSpec, Remote

UPSTAGE_URL = "https://api.upstage.ai/v1"
OLLAMA_URL = "http://127.0.0.1:11434/v1"
# The server has the real one; this one only measures how much fits, and ends no reply.
TEMPLATE = "server"

_PREFIX = re.compile(r"(upstage|ollama|remote):(.*)", re.IGNORECASE | re.DOTALL)
_SHORT = {"upstage": UPSTAGE_URL, "ollama": OLLAMA_URL}
_LOCAL_OLLAMA = {OLLAMA_URL, "http://localhost:11434/v1"}
# What people paste along with the address.
_ENDPOINT = re.compile(r"/(chat/completions|completions|responses|models)$")


def is_remote(text: str) -> bool:
    """Whether `text` has the form of a model on a server."""
    return _PREFIX.fullmatch(text) is not None


def remote_model(text: str) -> ModelSpec:
    """The model that `text` names. Raises ModelError `remote_bad_url`, `remote_url_secret`, `remote_no_model`."""
    found = _PREFIX.fullmatch(text)
    if found is None:
        raise ModelError("remote_bad_url", url=text)
    kind, rest = found[1].lower(), found[2].strip()
    if kind == "remote":
        address, _, model = rest.partition("#")
        url = base_url(address)
    else:
        url, model = (UPSTAGE_URL if kind == "upstage" else OLLAMA_URL), rest
    model = model.strip()
    if not model:
        raise ModelError("remote_no_model", example=f"{kind}:{rest.removesuffix('#')}#MODEL" if kind == "remote" else f"{kind}:MODEL")
    return ModelSpec(id=remote_name(url, model), name=model, path=None, template=TEMPLATE, context_tokens=0, remote=Remote(url, model))


def base_url(address: str) -> str:
    """The one spelling of a server's address; "upstage" and "ollama" are short for theirs. A bare host gets `/v1`; Upstage's old `/v1/solar` becomes
    its new one.

    Raises ModelError `remote_bad_url` where it is none, `remote_url_secret` where it holds what may be a key.
    """
    address = address.strip().rstrip("/")
    if address.lower() in _SHORT:
        return _SHORT[address.lower()]
    if "@" in address or "?" in address:
        raise ModelError("remote_url_secret")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError("remote_bad_url", url=address) from error
    if parts.scheme not in ("http", "https") or not host or any(letter.isspace() for letter in address):
        raise ModelError("remote_bad_url", url=address)
    where = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        where += f":{port}"
    path = _ENDPOINT.sub("", parts.path).rstrip("/")
    if host == "api.upstage.ai":
        return UPSTAGE_URL
    url = f"{parts.scheme}://{where}{path or '/v1'}"
    return OLLAMA_URL if url in _LOCAL_OLLAMA else url


def remote_name(url: str, model: str) -> str:
    """The name of a model on the server at `url`, in the one spelling that `base_url` gives."""
    if url == UPSTAGE_URL:
        return f"upstage:{model}"
    return f"ollama:{model}" if url == OLLAMA_URL else f"remote:{url}#{model}"
