"""`upscale plan`, `build` and `verify`: the source is found, the plan is made and shown, the result is built and proven.

The plan is printed before a byte is written, and it says what an untrained stack is worth. Progress goes to stderr, so that `--json` stays JSON.
(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import re
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from solar_chat.assistant.upscale_source import Source, open_recorded, open_source
from solar_chat.cli.lines import print_json
from solar_chat.cli.upscale_plan import describe_plan, plan_object
from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home
from solar_chat.upscale import (
    CARD,
    RECIPE,
    SHARD_BYTES,
    Checkpoint,
    DepthPlan,
    Recipe,
    check_room,
    check_target,
    location,
    model_card,
    planned,
    verify,
    write,
)

_EVERY_S = 0.2
# Enough to see that it lives, little enough for a log.
_LINES_EVERY_S = 10.0
_INTERRUPTED = 130
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
_SLICE = re.compile(r"\s*(-?\d+)\s*:\s*(-?\d+)\s*")


def add_upscale_commands(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`upscale` and what is under it."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    group = typer.Typer(help=say("upscale"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="upscale")

    def chosen(source: Source, drop: int | None, slices: str | None, method: str) -> DepthPlan:
        if drop is not None and slices is not None:
            raise typer.BadParameter(say("upscale_drop_or_slices"), param_hint="--drop")
        ranges = None
        if slices is not None:
            found = [_SLICE.fullmatch(part) for part in slices.split(",")]
            ranges = [(int(one[1]), int(one[2])) for one in found if one is not None]
            if len(ranges) != len(found):
                raise typer.BadParameter(say("upscale_slices_form"), param_hint="--slices")
        return _plan(source.checkpoint.layers, drop, ranges, method)

    @group.command("plan", help=say("upscale_plan"))
    def plan(
        context: typer.Context,
        src: Annotated[str, typer.Argument(metavar="SRC", help=say("upscale_src"))],
        drop: Annotated[int | None, typer.Option(metavar="M", help=say("upscale_drop"))] = None,
        slices: Annotated[str | None, typer.Option(metavar="A:B,C:D", help=say("upscale_slices"))] = None,
        method: Annotated[Literal["dus", "identity"], typer.Option(help=say("upscale_method"))] = "dus",
        as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    ) -> None:
        source = _opened(src, context.obj, catalogue, lang)
        _show(source, chosen(source, drop, slices, method), SHARD_BYTES, catalogue, lang, as_json=as_json)

    @group.command("build", help=say("upscale_build"))
    def build(
        context: typer.Context,
        src: Annotated[str, typer.Argument(metavar="SRC", help=say("upscale_src"))],
        out: Annotated[Path, typer.Argument(metavar="OUT", help=say("upscale_out"))],
        drop: Annotated[int | None, typer.Option(metavar="M", help=say("upscale_drop"))] = None,
        slices: Annotated[str | None, typer.Option(metavar="A:B,C:D", help=say("upscale_slices"))] = None,
        method: Annotated[Literal["dus", "identity"], typer.Option(help=say("upscale_method"))] = "dus",
        shard_size: Annotated[str, typer.Option(metavar="SIZE", help=say("upscale_shard_size"))] = "5GB",
        as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    ) -> None:
        shard_bytes = _bytes(shard_size)
        if shard_bytes < 1:
            raise typer.BadParameter(say("upscale_size_form"), param_hint="--shard-size")
        source = _opened(src, context.obj, catalogue, lang)
        made = chosen(source, drop, slices, method)
        out = out.expanduser().absolute()
        # Before the plan is shown: who asked for the impossible shall not read it first.
        check_target(source.checkpoint, out)
        check_room(out, sum(tensor.source.length for tensor in planned(source.checkpoint, made).values()))
        _show(source, made, shard_bytes, catalogue, lang, as_json=as_json, out=out)
        _build(source, made, out, shard_bytes, catalogue, lang)
        if not as_json:
            print(catalogue.tr(lang, "upscale.built", path=out))

    @group.command("verify", help=say("upscale_verify"))
    def verify_(
        context: typer.Context,
        out: Annotated[Path, typer.Argument(metavar="OUT", help=say("upscale_verify_out"))],
        source: Annotated[str | None, typer.Option(metavar="SRC", help=say("upscale_verify_source"))] = None,
    ) -> None:
        out = out.expanduser().absolute()
        if not out.is_dir():
            raise InputError("upscale_no_config", path=out)
        recipe = Recipe.read(out)
        progress = _Progress("upscale.download_progress", catalogue, lang)
        found = open_recorded(recipe, out, context.obj, progress.share) if source is None else open_source(source, context.obj, progress.share)
        progress.end()
        progress = _Progress("upscale.verify_progress", catalogue, lang)
        proof = verify(found.checkpoint, recipe.plan, Checkpoint.read(out), progress=progress.show)
        progress.end()
        shown = {"tensors": f"{proof.tensors:,}", "bytes": f"{proof.compared_bytes:,}", "parameters": f"{proof.parameters:,}"}
        print(catalogue.tr(lang, "upscale.verified", source=found.name, **shown))
        if proof.zeroed:
            print(catalogue.tr(lang, "upscale.verified_zeros", count=f"{proof.zeroed:,}"))


def _opened(src: str, home: Home, catalogue: Catalogue, lang: InterfaceLanguage) -> Source:
    progress = _Progress("upscale.download_progress", catalogue, lang)
    try:
        return open_source(src, home, progress.share)
    finally:
        progress.end()


def _plan(layers: int, drop: int | None, ranges: list[tuple[int, int]] | None, method: str) -> DepthPlan:
    """Raises InputError as `DepthPlan` does, `upscale_not_deeper` for slices that add no layer."""
    if ranges is None:
        # A quarter, as the paper has it: 8 of 32.
        drop = max(1, layers // 4) if drop is None else drop
        return DepthPlan.identity(layers, drop) if method == "identity" else DepthPlan.solar(layers, drop)
    plan = DepthPlan.slices(layers, ranges)
    if plan.layers <= layers:
        raise InputError("upscale_not_deeper", layers=layers, planned=plan.layers)
    return plan.passing() if method == "identity" else plan


def _show(
    source: Source, plan: DepthPlan, shard_bytes: int, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool, out: Path | None = None
) -> None:
    if as_json:
        print_json(plan_object(source, plan, shard_bytes) | ({} if out is None else {"out": str(out)}))
        return
    for line in describe_plan(source, plan, shard_bytes, catalogue, lang):
        print(line)
    sys.stdout.flush()


def _build(source: Source, plan: DepthPlan, out: Path, shard_bytes: int, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Write it, its recipe and its card; ends the program with 130 after Ctrl+C, nothing left behind."""
    command = _command(source, plan, out, shard_bytes)
    where = source.name if source.on_hub else location(source.checkpoint.folder, out)
    recipe = Recipe(plan, source.name, where, source.on_hub, source.files, command)
    parameters = sum(tensor.source.parameters for tensor in planned(source.checkpoint, plan).values())
    card = model_card(recipe, source.checkpoint, out.name, parameters, catalogue, lang)
    progress = _Progress("upscale.build_progress", catalogue, lang)
    try:
        beside = {RECIPE: recipe.text(source.checkpoint), CARD: card}
        write(source.checkpoint, plan, out, shard_bytes=shard_bytes, beside=beside, progress=progress.show)
    except KeyboardInterrupt:
        progress.end()
        print(catalogue.tr(lang, "upscale.interrupted"), file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        progress.end()


def _command(source: Source, plan: DepthPlan, out: Path, shard_bytes: int) -> str:
    """The command that makes the same again, without the folders of this machine."""
    words = ["python", "app.py", "upscale", "build", source.name, out.name]
    if plan.method == "dus":
        words += ["--drop", str(plan.source_layers - plan.layers // 2)]
    else:
        ranges: list[list[int]] = []
        for old in plan.sources:
            if ranges and ranges[-1][1] == old:
                ranges[-1][1] = old + 1
            else:
                ranges.append([old, old + 1])
        words += ["--slices", ",".join(f"{start}:{stop}" for start, stop in ranges)]
        words += ["--method", "identity"] if plan.method == "identity" else []
    if shard_bytes != SHARD_BYTES:
        words += ["--shard-size", str(shard_bytes)]
    return shlex.join(words)


def _bytes(text: str) -> int:
    """ "5GB", "500 MiB", "1000000" → bytes; 0 for what is no size."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return 0
    return int(float(found[1]) * (1024 if found[3] else 1000) ** " KMGT".index(found[2].upper() or " "))


class _Progress:
    """One updating line on a terminal, now and then a whole one elsewhere."""

    def __init__(self, key: str, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
        self._key, self._catalogue, self._lang = key, catalogue, lang
        self._terminal = sys.stderr.isatty()
        self._begun = self._next = time.monotonic()
        if not self._terminal:
            self._next += _LINES_EVERY_S
        self._open = False

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_EVERY_S if self._terminal else _LINES_EVERY_S)
        rate = done / max(now - self._begun, 1e-3)
        counts = {"share": f"{done / max(total, 1):.0%}", "done": f"{done / 1e9:.2f}", "total": f"{total / 1e9:.2f}", "rate": f"{rate / 1e6:.0f}"}
        line = self._catalogue.tr(self._lang, self._key, **counts)
        print(f"\r\033[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)
        self._open = self._terminal

    def share(self, _stage: str, share: float) -> None:
        """For `models.fetch`, which counts in shares."""
        self.show(round(share * 1000), 1000)

    def end(self) -> None:
        """Leave the updating line behind."""
        if self._open:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._open = False
