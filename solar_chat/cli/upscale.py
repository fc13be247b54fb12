"""`upscale plan`, `build`, `verify` and `measure`: the source is found, the plan is made and shown, the result is built, proven and read.

The plan is printed before a byte is written, and it says what an untrained stack is worth. Progress goes to stderr, so that `--json` stays JSON.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.lines import print_json
from solar_chat.cli.progress import Progress
from solar_chat.cli.upscale_plan import describe_plan, plan_object
from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home, typed_path
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


def add_upscale_commands(app: Group) -> None:
    """`upscale` and what is under it."""
    group = app.below("upscale")
    catalogue, lang, say = app.catalogue, app.lang, app.say

    # What several commands take.
    src = argument("src", metavar="SRC", help=say("upscale_src"))
    drop = option("--drop", type=int, metavar="M", help=say("upscale_drop"))
    slices = option("--slices", metavar="A:B,C:D", help=say("upscale_slices"))
    method = option("--method", type=click.Choice(["dus", "identity"]), default="dus", help=say("upscale_method"))
    as_json = option("--json", "as_json", is_flag=True, help=say("json"))
    made_before = argument("out", metavar="OUT", type=Path, help=say("upscale_verify_out"))

    def chosen(source: Source, drop: int | None, slices: str | None, method: str) -> DepthPlan:
        if drop is not None and slices is not None:
            raise click.BadParameter(say("upscale_drop_or_slices"), param_hint="--drop")
        ranges = None
        if slices is not None:
            try:
                ranges = read_slices(slices)
            except InputError as error:
                raise click.BadParameter(say("upscale_slices_form"), param_hint="--slices") from error
        return choose_plan(source.checkpoint.layers, drop, ranges, method)

    @group.command("plan", help=say("upscale_plan"))
    @src
    @drop
    @slices
    @method
    @as_json
    @click.pass_obj
    def plan(home: Home, src: str, drop: int | None, slices: str | None, method: str, as_json: bool) -> None:
        source = _opened(src, home, catalogue, lang, weights=False)
        _show(source, chosen(source, drop, slices, method), SHARD_BYTES, catalogue, lang, as_json=as_json)

    @group.command("build", help=say("upscale_build"))
    @src
    @argument("out", metavar="OUT", type=Path, help=say("upscale_out"))
    @drop
    @slices
    @method
    @option("--shard-size", metavar="SIZE", default="5GB", help=say("upscale_shard_size"))
    @as_json
    @click.pass_obj
    def build(home: Home, src: str, out: Path, drop: int | None, slices: str | None, method: str, shard_size: str, as_json: bool) -> None:
        shard_bytes = _bytes(shard_size)
        if shard_bytes < 1:
            raise click.BadParameter(say("upscale_size_form"), param_hint="--shard-size")
        source = _opened(src, home, catalogue, lang)
        made = chosen(source, drop, slices, method)
        out = typed_path(out).absolute()
        # Before the plan is shown: who asked for the impossible shall not read it first.
        check_target(source.checkpoint, out)
        check_room(out, sum(tensor.source.length for tensor in planned(source.checkpoint, made).values()))
        _show(source, made, shard_bytes, catalogue, lang, as_json=as_json, out=out)
        _build(source, made, out, shard_bytes, catalogue, lang)
        if not as_json:
            print(catalogue.tr(lang, "upscale.built", path=out))

    @group.command("verify", help=say("upscale_verify"))
    @made_before
    @option("--source", metavar="SRC", help=say("upscale_verify_source"))
    @click.pass_obj
    def verify_(home: Home, out: Path, source: str | None) -> None:
        out = typed_path(out).absolute()
        if not out.is_dir():
            raise InputError("upscale_no_config", path=out)
        recipe = Recipe.read(out)
        progress = Progress("upscale.download_progress", catalogue, lang)
        found = open_recorded(recipe, out, home, progress.share) if source is None else open_source(source, home, progress.share)
        progress.end()
        progress = Progress("upscale.verify_progress", catalogue, lang)
        proof = verify(found.checkpoint, recipe.plan, Checkpoint.read(out), progress=progress.show)
        progress.end()
        shown = {"tensors": f"{proof.tensors:,}", "bytes": f"{proof.compared_bytes:,}", "parameters": f"{proof.parameters:,}"}
        print(catalogue.tr(lang, "upscale.verified", source=found.name, **shown))
        if proof.zeroed:
            print(catalogue.tr(lang, "upscale.verified_zeros", count=f"{proof.zeroed:,}"))

    @group.command("measure", help=say("upscale_measure"))
    @src
    @made_before
    @option("--text", type=Path, metavar="FILE", help=say("upscale_measure_text"))
    @option("--plot", type=Path, metavar="FILE.png", help=say("upscale_measure_plot"))
    @as_json
    @click.pass_obj
    def measure(home: Home, src: str, out: Path, text: Path | None, plot: Path | None, as_json: bool) -> None:
        # It runs models; the other three only look at files and copy them, and start at once.
        from solar_chat.cli.upscale_measure import measure_and_print

        measure_and_print(src, out, text, plot, home, catalogue, lang, as_json=as_json)


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
        raise click.exceptions.Exit(_INTERRUPTED) from None
    finally:
        progress.end()


def _bytes(text: str) -> int:
    """ "5GB", "500 MiB", "1000000" → bytes; 0 for what is no size."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return 0
    return int(float(found[1]) * (1024 if found[3] else 1000) ** " KMGT".index(found[2].upper() or " "))
