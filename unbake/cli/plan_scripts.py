"""Verbs behind the plan's files in scripts/: one each, over the package's own functions; run by `entry.run_verb`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unbake.cli.terminal import Root, Set, progress_bar
from unbake.cli.training import Backbone, Device, Workers, chosen_device
from unbake.domain.materials import CLASSES
from unbake.errors import FileError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

Picture = Annotated[Path, typer.Argument(help="PNG, JPG, TGA, BMP or DDS.")]


def check_gate(
    history: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="The history; - or nothing: standard input.")
    ] = Path("-"),
    epoch: Annotated[int | None, typer.Option(help="The epoch to judge; default: the last one.")] = None,
    sky: Annotated[float, typer.Option(help="Largest share of sky_val_loss that may be left.")] = 0.95,
    mat: Annotated[float, typer.Option(help="Largest share that mat_val_loss may rise to.")] = 1.10,
    back: Annotated[int, typer.Option(min=1, help="Compare with so many epochs earlier.")] = 2,
) -> None:
    """May the next phase begin? sky[e] <= 0.95 x sky[e-2] and mat[e] <= 1.10 x mat[e-2], of the validation losses.

    FILE is a phase's train_logs/TAG/metrics.jsonl, a list in JSON, CSV, or a table in Markdown or in columns, with
    the headings epoch, sky_val_loss, mat_val_loss. Epoch 0, the state before training, does not count.

    Exit code: 0 pass, 1 fail (also for a NaN or a missing value), 3 not yet (no epoch e-2), 2 wrong use.
    """
    from unbake.recipe.gate import judge
    from unbake.recipe.history import read_history

    try:
        text = sys.stdin.read() if history == Path("-") else history.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Expected a history in {history}, but {error}; check the path.") from None
    verdict, reason = judge(read_history(text), epoch, sky, mat, back)
    typer.echo(f"{verdict.name.lower().replace('_', ' ')}: {reason}")
    raise typer.Exit(verdict.value)


def crop_sizes(
    phase: Annotated[
        str, typer.Argument(help="A phase with a curriculum crop (B, C), or a recipe file.")
    ] = "B",
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="E.g. --set data.crop.end=768.")
    ] = None,
) -> None:
    """Print the side of the crops of every epoch of a phase, and how many make a batch of equal pixels."""
    from unbake import recipe
    from unbake.train.curriculum import batch_of, crop_of

    r = recipe.load(phase, tuple(override or ()))
    if r.data.crop is None:
        raise UsageError(f"Expected a phase with a curriculum crop, but {r.tag} has none; try B or C.")
    typer.echo("epoch  crop  batch")
    for epoch in range(1, r.epochs.max + 1):
        side = crop_of(r, epoch)
        typer.echo(f"{epoch:5d}  {side:4d}  {batch_of(r, side):5d}")


def photometric(
    diffuse: Picture,
    out: Annotated[Path, typer.Argument(help="The PNG to write.")],
    ao: Annotated[Path | None, typer.Option(help="Its AO: where it is dark, the tint falls.")] = None,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="B, C, Cp: 1; D: 0.5.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Draws how much of each effect there is.")] = 0,
) -> None:
    """Light a diffuse texture as SkyrimPhotometric does in phases B to D: AO tint, cold white balance, vignette."""
    import numpy as np

    from unbake.data.photometric import SkyrimPhotometric, lit
    from unbake.image.files import write_png

    picture = _tensor(diffuse)
    occlusion = picture.new_ones(1, 1, *picture.shape[2:]) if ao is None else _tensor(ao)[:, :1]
    _same_size(picture.shape[2:], occlusion.shape[2:])
    light = SkyrimPhotometric(p=1.0, strength=strength).drawn("skyrim", np.random.default_rng(seed))
    assert light is not None  # its chance is 1
    [shown] = lit(picture, occlusion, [light])
    write_png(out, shown.movedim(0, -1).contiguous().numpy())
    typer.echo(f"{out} written")


def masked(
    prediction: Picture,
    truth: Picture,
    mask: Annotated[Path | None, typer.Option(help="Foreground: its pixels above a half weigh w_fg.")] = None,
    w_fg: Annotated[float, typer.Option("--w-fg", min=0.0, help="The plan's is 3.")] = 3.0,
) -> None:
    """Print the masked L1 between two pictures of one size: the mean of |a - b| in [0, 1], foreground weighing more."""
    from unbake.losses.masked import masked_l1

    a, b = _tensor(prediction), _tensor(truth)
    foreground = None if mask is None else _tensor(mask)[:, :1]
    for image in (b, *([] if foreground is None else [foreground])):
        _same_size(a.shape[2:], image.shape[2:])
    typer.echo(f"{float(masked_l1(a, b, a.new_ones(1).bool(), foreground, w_fg)):.6f}")


def lpips(
    a: Picture,
    b: Picture,
    backbone: Annotated[
        Path | None,
        typer.Option(
            help="torchvision's AlexNet, VGG16 or SqueezeNet 1.1 (.pth or .safetensors); a bare alex, vgg or squeeze "
            "fetches it; a DINOv2 folder with --distance dino_distance."
        ),
    ] = None,
    distance: Annotated[Literal["lpips", "dino_distance"], typer.Option(help="Which one.")] = "lpips",
) -> None:
    """Print the perceptual distance of two colour pictures of one size: 0 for equal ones, lower is closer.

    Validation logs it of the albedo as mat/lpips/albedo and sky/lpips/albedo; recipes weigh it 0.1.
    """
    import torch

    from unbake.train.perceptual import perceptual

    first, second = _tensor(a), _tensor(b)
    _same_size(first.shape[2:], second.shape[2:])
    named = perceptual(distance, backbone, torch.device("cpu"))
    if named is not None:
        with torch.no_grad():
            typer.echo(f"{named[0]} {float(named[1](first, second)):.6f}")


def val(
    checkpoint: Annotated[
        str,
        typer.Argument(
            help="Under ROOT/checkpoints: B_best, D_albedo_best, B_last, ... (.pth is understood)."
        ),
    ],
    root: Root = Path(),
    override: Set = None,
    backbone: Backbone = None,
    device: Device = "auto",
    workers: Workers = 2,
) -> None:
    """Print the validation figures of a checkpoint, a line each, as training logs them after every epoch.

    The recipe is the one it was trained by; the pairs are the project's validation pairs, at its px, never augmented.
    """
    from unbake.project import Project
    from unbake.train.review import validate_checkpoint

    with progress_bar("cache") as bar:
        figures = validate_checkpoint(
            Project(root),
            checkpoint,
            tuple(override or ()),
            chosen_device(device),
            backbone,
            workers,
            lambda done, n: bar.update(bar.task_ids[0], completed=done, total=n),
        )
    for name, value in figures.items():
        typer.echo(f"{name:36s} {value:.6g}")


def multilabel(
    logits: Annotated[
        str,
        typer.Argument(help="One logit for each class, e.g. 2.5,-1,0 (after -- if the first is negative)."),
    ],
    classes: Annotated[str, typer.Argument(help="1 or 0, or a share, for each class, e.g. 1,0,0.")],
) -> None:
    """Print the classifier's loss for one sample: the mean cross-entropy over classes, any of which may be true."""
    import torch

    from unbake.losses.multilabel import multilabel_bce

    try:
        rows = [torch.tensor([[float(n) for n in row.split(",")]]) for row in (logits, classes)]
    except ValueError as error:
        raise UsageError(
            f"Expected numbers parted by commas, but {error}; for example 2.5,-1,0 1,0,0."
        ) from None
    if rows[0].shape != rows[1].shape:
        raise UsageError(
            f"Expected as many classes as logits, got {rows[1].numel()} and {rows[0].numel()}; mend one of the two."
        )
    typer.echo(f"{float(multilabel_bce(rows[0], rows[1], torch.ones(1).bool())):.6f}")


def film(
    classes: Annotated[int, typer.Option(min=1, help="Material classes it reads.")] = len(CLASSES),
    channels: Annotated[int, typer.Option(min=1, help="Feature channels it modulates.")] = 64,
) -> None:
    """Build the FiLM block that conditions UNet-Maps on the material class; print its parameters and first effect."""
    import torch

    from unbake.models.film import Film

    block = Film(classes, channels)
    features = torch.randn(1, channels, 4, 4)
    change = float((block(features, torch.rand(1, classes)) - features).abs().max().detach())
    for name, parameter in block.named_parameters():
        typer.echo(f"{name:14s} {tuple(parameter.shape)}")
    typer.echo(
        f"{sum(p.numel() for p in block.parameters())} parameters; before training it changes features by {change:g}"
    )


def _tensor(path: Path) -> "Tensor":
    """A picture as (1, 3, H, W) float32 in [0, 1], encoded as stored."""
    import torch

    from unbake.image.files import read_picture

    return torch.from_numpy(read_picture(path).rgb()).permute(2, 0, 1)[None]


def _same_size(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if tuple(a[:2]) != tuple(b[:2]):
        raise FileError(
            f"Expected pictures of one size, got {a[1]}x{a[0]} and {b[1]}x{b[0]}; resize one of them."
        )
