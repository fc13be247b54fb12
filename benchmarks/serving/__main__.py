"""Start each server, let the clients ask, write the page.

    python -m benchmarks.serving [--clients 64] [--seconds 60] [--tokens 32] [--peer-threads 1] [--model FOLDER] [--no-peers] [--out PAGE]

Every client asks one streamed completion after another, greedily, held-out questions of `recipes/starter` in the model's template.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import transformers

from benchmarks.serving.clients import Client, Load, run
from benchmarks.serving.servers import Server, ours, peers, started
from recipes.starter.evaluate import read_prompts
from solar_chat.messages import Message
from solar_chat.models import STARTER
from solar_chat.prompts import TEMPLATES

OUT = Path("docs/benchmarks/serving.md")


@dataclass(frozen=True, slots=True)
class Measured:
    """One server under the load; without clients, why it was not measured."""

    server: Server
    clients: list[Client]
    problem: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the API under many clients, beside transformers serve.")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tokens", type=int, default=32, help="longest reply")
    parser.add_argument("--model", type=Path, default=STARTER.path, help="folder of a model with the starter's template")
    # The app takes one for a model this small: with two, each waits for the other on a busy core.
    parser.add_argument("--peer-threads", type=int, default=1, help="CPU threads of transformers serve; 0 leaves it to torch")
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    template = TEMPLATES[STARTER.template]
    prompts = [template.render([Message("user", prompt.prompt)]) for prompt in read_prompts()]
    with tempfile.TemporaryDirectory(prefix="serving-") as work:
        servers = [ours(options.model, Path(work) / "home"), *(() if options.no_peers else peers(options.model, options.peer_threads))]
        measured = [_measure(server, prompts, options, Path(work) / "log") for server in servers]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(measured, options.clients, options.seconds, options.tokens, options.peer_threads), encoding="utf-8")


def _measure(server: Server, prompts: list[str], options: argparse.Namespace, log: Path) -> Measured:
    body = {"model": server.model, "max_tokens": options.tokens, "temperature": 0, **server.fields}
    try:
        with started(server, log) as port:
            # The model is loaded by the first request.
            warm = asyncio.run(run(Load(port, body, prompts, 1, 0.01)))
            if warm[0].lost:
                return _told(Measured(server, [], warm[0].lost[0]))
            return _told(Measured(server, asyncio.run(run(Load(port, body, prompts, options.clients, options.seconds)))))
    except TimeoutError as error:
        return _told(Measured(server, [], str(error)))


def _told(measured: Measured) -> Measured:
    print(row(measured), flush=True)
    return measured


def row(measured: Measured) -> str:
    """One line of the table."""
    clients = measured.clients
    if not clients:
        return f"| {measured.server.name} | not measured: {measured.problem} |" + " |" * 7
    first = sorted(second for client in clients for second in client.first_s)
    whole = sorted(second for client in clients for second in client.whole_s)
    answered = [len(client.whole_s) for client in clients]
    busy_s = max(sum(client.whole_s) for client in clients)
    cells = [
        measured.server.name,
        str(sum(answered)),
        str(sum(len(client.lost) for client in clients)),
        str(sum(client.refused for client in clients)),
        f"{min(answered)} – {max(answered)}",
        f"{_share(first, 0.5):.2f}",
        f"{_share(first, 0.95):.2f}",
        f"{_share(whole, 0.95):.2f}",
        f"{sum(client.characters for client in clients) / busy_s:.0f}" if busy_s else "-",
    ]
    return f"| {' | '.join(cells)} |"


def page(measured: list[Measured], clients: int, seconds: float, tokens: int, threads: int) -> str:
    """The figures as Markdown."""
    lines = [
        "# Many clients at once",
        "",
        f"`python -m benchmarks.serving --clients {clients} --seconds {seconds:g}`: each client sends its next request when the last one is "
        f"answered; streamed completions of at most {tokens} tokens, greedy, the model in the box, {os.cpu_count()} CPU cores, {platform.system()}, "
        f"clients on the same cores, transformers {transformers.__version__} with {threads or 'its own choice of'} threads.",
        "",
        "*Lost*: broken off, or not answered three minutes after the end. *Refused*: 429, asked again when the server said. *Per client*: replies of "
        "the client that got least and of the one that got most. Seconds from sending to the first text, and to the end of a reply.",
        "",
        "| server | replies | lost | refused | per client | first text p50 s | first text p95 s | whole p95 s | characters/s |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(row, measured),
    ]
    lost = sorted({reason for one in measured for client in one.clients for reason in client.lost})
    return "\n".join([*lines, *(["", "Lost because: " + "; ".join(lost[:5])] if lost else []), ""])


def _share(ordered: list[float], share: float) -> float:
    """A quantile of values in order; 0 where there are none."""
    if len(ordered) < 2:
        return ordered[0] if ordered else 0.0
    return statistics.quantiles(ordered, n=100, method="inclusive")[round(share * 100) - 1]


if __name__ == "__main__":
    main()
