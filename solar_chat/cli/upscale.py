"""`upscale plan`, `build`, `verify` and `measure`: the source is found, the plan is made and shown, the result is built, proven and read.

The plan is printed before a byte is written, and it says what an untrained stack is worth. Progress goes to stderr, so that `--json` stays JSON.
(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from solar_chat.cli.lines import print_json
from solar_chat.cli.progress import Progress
from solar_chat.cli.upscale_plan import describe_plan, plan_object
from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home
from solar_chat.upscale import (
    SHARD_BYTES,
    Checkpoint,
    DepthPlan,
    Recipe,
    check_room,
    check_target,
    planned,
    verify,
)
from solar_chat.workshop.preview import read_slices
from solar_chat.workshop.source import Source, open_recorded, open_source
from solar_chat.workshop.upscaling import build as write_deeper
from solar_chat.workshop.upscaling import choose_plan

_INTERRUPTED = 130
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)


def add_upscale_commands(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`upscale` and what is under it."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    # What several commands take.
    Src = Annotated[str, typer.Argument(metavar="SRC", help=say("upscale_src"))]
    Drop = Annotated[int | None, typer.Option(metavar="M", help=say("upscale_drop"))]
    Slices = Annotated[str | None, typer.Option(metavar="A:B,C:D", help=say("upscale_slices"))]
    Method = Annotated[Literal["dus", "identity"], typer.Option(help=say("upscale_method"))]
    AsJson = Annotated[bool, typer.Option("--json", help=say("json"))]

    group = typer.Typer(help=say("upscale"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="upscale")

    def chosen(source: Source, drop: int | None, slices: str | None, method: str) -> DepthPlan:
        if drop is not None and slices is not None:
            raise typer.BadParameter(say("upscale_drop_or_slices"), param_hint="--drop")
        ranges = None
        if slices is not None:
            try:
                ranges = read_slices(slices)
            except InputError as error:
                raise typer.BadParameter(say("upscale_slices_form"), param_hint="--slices") from error
        return choose_plan(source.checkpoint.layers, drop, ranges, method)

    @group.command("plan", help=say("upscale_plan"))
    def plan(
        context: typer.Context,
        src: Src,
        drop: Drop = None,
        slices: Slices = None,
        method: Method = "dus",
        as_json: AsJson = False,
    ) -> None:
        source = _opened(src, context.obj, catalogue, lang, weights=False)
        _show(source, chosen(source, drop, slices, method), SHARD_BYTES, catalogue, lang, as_json=as_json)

    @group.command("build", help=say("upscale_build"))
    def build(
        context: typer.Context,
        src: Src,
        out: Annotated[Path, typer.Argument(metavar="OUT", help=say("upscale_out"))],
        drop: Drop = None,
        slices: Slices = None,
        method: Method = "dus",
        shard_size: Annotated[str, typer.Option(metavar="SIZE", help=say("upscale_shard_size"))] = "5GB",
        as_json: AsJson = False,
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
        progress = Progress("upscale.download_progress", catalogue, lang)
        found = open_recorded(recipe, out, context.obj, progress.share) if source is None else open_source(source, context.obj, progress.share)
        progress.end()
        progress = Progress("upscale.verify_progress", catalogue, lang)
        proof = verify(found.checkpoint, recipe.plan, Checkpoint.read(out), progress=progress.show)
        progress.end()
        shown = {"tensors": f"{proof.tensors:,}", "bytes": f"{proof.compared_bytes:,}", "parameters": f"{proof.parameters:,}"}
        print(catalogue.tr(lang, "upscale.verified", source=found.name, **shown))
        if proof.zeroed:
            print(catalogue.tr(lang, "upscale.verified_zeros", count=f"{proof.zeroed:,}"))

    @group.command("measure", help=say("upscale_measure"))
    def measure(
        context: typer.Context,
        src: Src,
        out: Annotated[Path, typer.Argument(metavar="OUT", help=say("upscale_verify_out"))],
        text: Annotated[Path | None, typer.Option(metavar="FILE", help=say("upscale_measure_text"))] = None,
        plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help=say("upscale_measure_plot"))] = None,
        as_json: AsJson = False,
    ) -> None:
        # It runs models; the other three only look at files and copy them, and start at once.
        from solar_chat.cli.upscale_measure import measure_and_print

        measure_and_print(src, out, text, plot, context.obj, catalogue, lang, as_json=as_json)


def _opened(src: str, home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, weights: bool = True) -> Source:
    progress = Progress("upscale.download_progress", catalogue, lang)
    try:
        return open_source(src, home, progress.share, weights=weights)
    finally:
        progress.end()


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
    progress = Progress("upscale.build_progress", catalogue, lang)
    try:
        write_deeper(source, plan, out, catalogue, lang, shard_bytes=shard_bytes, progress=progress.show)
    except KeyboardInterrupt:
        progress.end()
        print(catalogue.tr(lang, "upscale.interrupted"), file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        progress.end()


def _bytes(text: str) -> int:
    """ "5GB", "500 MiB", "1000000" → bytes; 0 for what is no size."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return 0
    return int(float(found[1]) * (1024 if found[3] else 1000) ** " KMGT".index(found[2].upper() or " "))
