"""The verb of `scripts/training_throughput.py`: a table of training's speed on this machine."""

from typing import Annotated

import typer


def throughput(
    model: Annotated[str, typer.Option(help="Size of the networks: full, small or tiny.")] = "full",
    px: Annotated[
        list[int] | None, typer.Option(help="Side of the samples; repeatable. Default: 256, 1024.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Samples a step; default: as many pixels as four of 1024² have.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="That count.")] = 20,
    warm: Annotated[int, typer.Option(min=1, help="Steps before those, which compile.")] = 5,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read, on a GPU.")] = 4,
    compiled: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Measure torch.compile too.")
    ] = True,
    reading: Annotated[
        bool, typer.Option("--reading", help="Measure one, two, ... --workers that read, and train nothing.")
    ] = False,
) -> None:
    """Time training on the GPU there is, else on the CPU: in float32 and bfloat16, plain and compiled.

    Columns: samples/s of reading alone (processes that read, then floats on the device), samples/s trained, the share
    of the first that training uses, and on a GPU the most memory reserved, GiB.

    With --reading: CPU ms for a window of one map, read into memory in use; then, for each number of readers, samples/s
    of all of them and CPU ms of one for a sample, handed over through shared memory.
    """
    import torch

    from unbake.data.curriculum import batch_for
    from unbake.evaluate.throughput import Asked, Precision, training_throughput
    from unbake.recipe.bundle import Probe

    if reading:
        _print_readings(px or [256, 1024], workers, steps, warm)
        return
    precisions: tuple[Precision, ...] = ("float32", "bfloat16")
    asked = [
        Asked(model, side, batch or batch_for(4, 1024, side), precision, compile_it, workers)
        for side in px or [256, 1024]
        for precision in precisions
        for compile_it in ([False, True] if compiled else [False])
    ]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    typer.echo("model     px batch precision              read  trained share  GiB")
    for row in training_throughput(asked, Probe(warm=warm, steps=steps), device):
        one, memory = row.asked, "" if row.reserved_gib is None else f"{row.reserved_gib:.2f}"
        kind = f"{one.model:6s} {one.px:5d} {one.batch:5d} {one.precision:9s} {'compiled' if one.compiled else '':8s}"
        typer.echo(f"{kind} {row.read:8.2f} {row.trained:8.2f} {row.share:5.0%}  {memory}".rstrip())


def _print_readings(sides: list[int], most: int, steps: int, warm: int) -> None:
    from unbake.evaluate.throughput import readings
    from unbake.recipe.bundle import Probe

    readers = [count for count in (1, 2, 4, 8, 16) if count <= max(1, most)]
    typer.echo("  px  readers  samples/s  CPU ms a sample")
    for of_map, rows in readings(sides, readers, Probe(warm=warm, steps=steps)):
        for row in rows:
            typer.echo(f"{row.px:4d} {row.readers:8d} {row.samples_s:10.1f} {row.cpu_ms:16.2f}")
        typer.echo(f"{rows[0].px:4d}  one map, in one process: {of_map:.3f} CPU ms")
