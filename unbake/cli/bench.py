"""The verb that times conversion and training on this machine."""

from typing import Annotated

import typer


def bench(
    px: Annotated[int, typer.Option(help="Side of the texture that is converted.")] = 1024,
    training: Annotated[bool, typer.Option(help="Time training too (needs the train extra).")] = True,
) -> None:
    """Time conversion by stage and training with and without data loading, on this machine."""
    from unbake.evaluate.bench import bench_conversion, bench_training, peak_memory_gb

    for timing in bench_conversion(px):
        typer.echo(f"{timing.stage:28s} {timing.seconds:7.2f} s  {timing.mpix_per_s:7.2f} MPix/s")
    typer.echo(f"{'peak memory':28s} {peak_memory_gb():7.2f} GB")
    if training:
        for what, rate in bench_training():
            typer.echo(f"{what:28s} {rate:7.2f} samples/s (small, 128 px)")
