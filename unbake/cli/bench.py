"""The verb that times conversion and training on this machine, and holds two such timings against each other."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbake.cli.terminal import Model
from unbake.errors import UsageError

if TYPE_CHECKING:
    from unbake.evaluate.bench_result import Result, SetTime, Throughput
    from unbake.evaluate.bench_sets import Made


def bench(
    mod: Annotated[
        Path | None,
        typer.Argument(
            metavar="MOD",
            help="A mod whose own sets are timed (8 at most, small to large); default: five made-up ones.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Of the made-up sets, only this one; repeatable: tile512, loose512, tile1024, ..."),
    ] = None,
    px: Annotated[
        int | None, typer.Option(min=16, help="One made-up set that tiles, of this side, a power of two.")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Conversions of each set that count.")] = 3,
    threads: Annotated[int, typer.Option(min=0, help="Of the batch, 0 for all cores.")] = 0,
    model: Model = None,
    training: Annotated[
        bool | None, typer.Option(help="Time training too; default: where the train extra is installed.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Keep the timings, for --compare.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="OLD.json", help="Print ratios to timings that --json kept.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="With --compare: a ratio nearer to 1 is called the same.")
    ] = 0.05,
) -> None:
    """Time conversion by stage, as a batch, and training, on this machine and its graphics card if there is one.

    Each set is converted from its files to the mod's, as unbake convert does, in one thread; CPU seconds tell of the
    code even where other programs run. Then all sets at once, with sets per second and the stage the others wait for.
    Before and after a change, on one machine: unbake bench --json old.json, then unbake bench --compare old.json.
    Ratios are of the least of the repetitions. Exit code 0 whatever they are: time is told, never judged.
    """
    from unbake.evaluate.bench_result import check_target, read_result, write_result

    old = None if compare is None else read_result(compare)
    if json is not None:
        check_target(json)
    if sum(map(bool, (mod, only, px))) > 1:
        raise UsageError("Expected one of MOD, --only and --px, got several; choose one.")
    result = _measure(mod, _made(only or [], px), repeat, threads, model, training)
    if json is not None:
        write_result(json, result)
    _print_scale(result.sets)
    if old is not None:
        _print_comparison(old, result, tolerance)


def _made(only: list[str], px: int | None) -> "dict[str, Made]":
    """The made-up sets that were asked for; UsageError for a name there is not."""
    from unbake.evaluate.bench_sets import SETS, tiling

    if px is not None:
        if px & (px - 1):
            raise UsageError(f"Expected a power of two for --px, got {px}; try {1 << px.bit_length()}.")
        return tiling(px)
    if unknown := [name for name in only if name not in SETS]:
        raise UsageError(f"Expected {', '.join(SETS)} for --only, got '{unknown[0]}'; choose of these.")
    return {name: made for name, made in SETS.items() if not only or name in only}


def _measure(
    mod: Path | None,
    made: "dict[str, Made]",
    repeat: int,
    threads: int,
    model: Path | None,
    training: bool | None,
) -> "Result":
    """Everything that was asked for, printed as it is measured."""
    from tempfile import TemporaryDirectory

    from unbake.convert.bundle import fingerprint
    from unbake.evaluate.bench import Asked, bench_batch, bench_sets, device_of
    from unbake.evaluate.bench_result import VERSION, Result, about_package, this_machine
    from unbake.evaluate.bench_sets import write_sets

    machine, (version, commit) = this_machine(device_of(model)), about_package()
    typer.echo(
        f"unbake {version} {commit}, ONNX Runtime {machine.packages['onnxruntime']} on {machine.device}, "
        f"{machine.cpu}, {machine.cores} cores, {' '.join(machine.flags)}"
    )
    asked = Asked(model=model, repeat=repeat, threads=threads)
    with TemporaryDirectory(prefix="unbake-bench-") as folder:
        if mod is None:
            write_sets(Path(folder), made)
        source = mod or Path(folder)
        sets = bench_sets(source, asked, _print_set)
        batch = bench_batch(source, asked, sets)
    _print_batch(batch)
    rates = []
    if training or (training is None and find_spec("torch")):
        from unbake.evaluate.bench_training import bench_training

        for rate in bench_training():
            rates.append(rate)
            typer.echo(
                f"{rate.what:28s} {rate.samples_per_s:7.2f} samples/s, {rate.cpu_s:.3f} CPU s each (small, 128 px)"
            )
    return Result(VERSION, version, commit, fingerprint(model), machine, threads, repeat, sets, batch, rates)


def _print_set(timed: "SetTime") -> None:
    tiles = {(True, True): "tiles", (False, False): "does not tile"}.get(timed.tiles, "tiles on one axis")
    typer.echo(f"\n{timed.name}  {timed.width}×{timed.height}, {tiles}")
    typer.echo(f"  {'':16s} {'CPU s':>8s} {'(from - to)':>17s} {'wall s':>8s} {'MPix/s':>8s} {'peak MB':>8s}")
    for stage in (*timed.stages, timed.whole):
        cpu, wall = stage.cpu_s, stage.wall_s
        rate = f"{timed.megatexels / wall.median:8.2f}" if wall.median >= 1e-3 else f"{'':8s}"
        peak = f"{stage.peak_mb:8.0f}" if stage.peak_mb else ""
        spread = f"({cpu.low:.3f} - {cpu.high:.3f})"
        typer.echo(
            f"  {stage.stage:16s} {cpu.median:8.3f} {spread:>17s} {wall.median:8.3f} {rate} {peak}".rstrip()
        )
    for network, ran in timed.windows.items():
        typer.echo(f"  {network}: windows: {ran.count}, texels seen: {ran.overhead:.2f} × the set's")
    typer.echo("  " + ", ".join(_bytes_told(timed)))


def _bytes_told(timed: "SetTime") -> Iterator[str]:
    yield f"files {timed.source_bytes / 1e6:.1f} MB, written {timed.output_bytes / 1e6:.1f} MB"
    if timed.read_bytes is not None and timed.written_bytes is not None:
        yield f"asked of the system: {timed.read_bytes / 1e6:.1f} MB read, {timed.written_bytes / 1e6:.1f} MB written"


def _print_batch(batch: "Throughput") -> None:
    typer.echo(
        f"\nas one batch, {batch.threads} threads: {batch.sets} sets in {batch.wall_s:.1f} s, "
        f"{batch.sets / batch.wall_s:.2f} sets/s, {batch.megatexels / batch.wall_s:.2f} MPix/s, "
        f"{batch.cpu_s:.1f} CPU s, {batch.speed_up:.2f} × one by one; the others wait for: {batch.bottleneck}; "
        f"peak memory {batch.peak_mb:.0f} MB"
    )


def _print_scale(sets: "list[SetTime]") -> None:
    """What a game would take, where the sets tell enough of it."""
    from unbake.evaluate.bench_scale import AS_SHIPPED, GAME_SETS, costs_of, estimate, places

    costs = costs_of(sets)
    if costs is None:
        return
    mix = ", ".join(f"{share:.0%} of {side}²" for side, share in AS_SHIPPED.items())
    typer.echo(f"\n{GAME_SETS} sets, if they are {mix} (docs/SCALE.md):")
    for place in places(os.cpu_count() or 1):
        one = estimate(costs, place)
        typer.echo(
            f"  {place.name}: {one.hours:.1f} h, by {one.limit}; {one.core_h:.0f} core hours, "
            f"{one.read_gb:.0f} GB read, {one.written_gb:.0f} GB written"
        )


def _print_comparison(old: "Result", new: "Result", tolerance: float) -> None:
    from unbake.evaluate.bench_compare import counts, differences, ratios

    typer.echo(f"\nnew ÷ old, {new.commit or new.unbake} ÷ {old.commit or old.unbake}")
    for sentence in differences(old, new):
        typer.echo(f"not the same measurement: {sentence}", err=True)
    typer.echo(f"{'set':20s} {'stage':16s} {'old s':>8s} {'new s':>8s} {'ratio':>6s}  verdict")
    for one in ratios(old, new, tolerance):
        ratio = f"{one.ratio:6.2f}" if one.ratio is not None else f"{'':6s}"
        before, after = (
            f"{value:8.3f}" if value is not None else f"{'-':>8s}" for value in (one.old_s, one.new_s)
        )
        typer.echo(f"{one.name:20s} {one.stage:16s} {before} {after} {ratio}  {one.verdict}")
    for count in counts(old, new):
        typer.echo(f"{count.name:20s} {count.what}: {count.old} before, {count.new} now")
