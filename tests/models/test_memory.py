import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402
from support.memory import peak_bytes, saved_activation_bytes  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from unbake.domain.maps import GEOMETRY, MapKind, spec  # noqa: E402
from unbake.losses.rendering import random_lights, rendering_l1  # noqa: E402
from unbake.losses.total import LossWeights, class_losses, map_losses, mask_losses  # noqa: E402
from unbake.metrics.lpips import Lpips  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402

FULL = CONFIGS["full"]
BUDGET = 7.2 * 2**30
BATCH, SIDE = 4, 1024
LIGHTS = random_lights(2)


def test_a_linear_layer_keeps_its_input_once_and_not_its_weight():
    layer = nn.Linear(8, 4)
    assert saved_activation_bytes(layer, torch.zeros(16, 8)) == 16 * 8 * 4


def test_the_peak_counts_storages_not_views_and_forgets_the_dead():
    def run() -> Tensor:
        x = torch.zeros(1000)
        for _ in range(5):
            x = x + 1  # the old one dies here
        return x[10:].view(-1)

    assert peak_bytes(run) == 2 * 1000 * 4


@pytest.fixture(scope="module")
def lpips(tmp_path_factory: pytest.TempPathFactory) -> Lpips:
    """With AlexNet's shapes, which are all that memory asks for."""
    path = tmp_path_factory.mktemp("weights") / "alex.safetensors"
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    weights = {f"features.{i}.weight": torch.rand(out, of, px, px) for i, (out, of, px) in shapes.items()}
    save_file(weights | {f"features.{i}.bias": torch.rand(out) for i, (out, _, _) in shapes.items()}, path)
    return Lpips(path)


def _loss(network: nn.Module, name: str, maps: dict[MapKind, Tensor], lpips: Lpips) -> Tensor:
    """Every term a recipe can ask of the network, and its maps rendered under LIGHTS among the true others."""
    given = {kind: torch.ones(1, dtype=torch.bool) for kind in maps}
    inputs = [maps[kind] for kind in (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR)] + [torch.ones(1, 1)]
    mask, classes = maps[MapKind.METALLIC_MASK], torch.rand(1, 7)
    weights = LossWeights(perceptual=0.1)
    if name == "vit":
        return class_losses(network(inputs[0]).float(), classes.round(), torch.ones(1, dtype=torch.bool))[
            "classes/bce"
        ]
    if name == "segformer":
        terms = mask_losses(network(*inputs).float(), mask, given[MapKind.METALLIC_MASK], weights)
        return torch.stack(list(terms.values())).sum()
    if name == "unet_albedo":
        predicted = {MapKind.ALBEDO: network(*inputs, mask)}
    else:
        geometry = torch.cat([maps[kind] for kind in GEOMETRY], dim=1)
        predicted = network(maps[MapKind.ALBEDO], *inputs[1:], mask, geometry, classes)
    terms = {"rendering": rendering_l1(predicted, maps, given, LIGHTS)}
    for kind, map in predicted.items():
        foreground = mask if spec(kind).foreground else None
        terms |= map_losses(kind, map.float(), maps[kind], given[kind], foreground, weights, lpips)
    return torch.stack(list(terms.values())).sum()


def _step_bytes(network: nn.Module, name: str, side: int, lpips: Lpips) -> int:
    """Bytes of one forward and backward at batch 1, in bfloat16 where autocast says so, losses in float32."""
    maps = {kind: torch.rand(1, spec(kind).channels, side, side) for kind in MapKind}
    maps[MapKind.METALLIC_MASK] = maps[MapKind.METALLIC_MASK].round()
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)  # there before counting: it hides no activation's growth

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            loss = _loss(network, name, maps, lpips)
        loss.backward()

    return peak_bytes(run)


@pytest.fixture(scope="module")
def full() -> Networks:
    torch.manual_seed(0)
    return Networks(FULL).train()


@pytest.mark.parametrize("name", ["vit", "segformer", "unet_albedo", "unet_maps"])
def test_a_step_of_full_at_batch_four_and_1024_fits_eight_gigabytes(full: Networks, lpips: Lpips, name: str):
    network = getattr(full, name)
    if name == "vit":
        step = BATCH * _step_bytes(network, name, FULL.vit.px, lpips)
    else:
        sides = (64, 128)
        low, high = (_step_bytes(network, name, side, lpips) for side in sides)
        # Convolutions, norms and fused attention keep what grows with the area: a straight line through two sizes.
        step = BATCH * SIDE**2 * (high - low) / (sides[1] ** 2 - sides[0] ** 2)
    batch = BATCH * SIDE**2 * 4 * sum(spec(kind).channels for kind in MapKind)
    # Weights, gradients and AdamW's two moments stay float32; autocast keeps a copy of the weights in bfloat16.
    always = (4 * 4 + 2) * sum(p.numel() for p in full.parameters())
    assert always + batch + step < BUDGET


def test_recomputing_the_finest_levels_halves_what_unet_maps_keeps():
    kept = []
    for checkpoint in (False, True):
        torch.manual_seed(0)
        body = Networks(CONFIGS["tiny"]).train().unet_maps
        for module in body.modules():
            if hasattr(module, "checkpoint"):
                module.checkpoint = checkpoint
        image, plane = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
        kept.append(
            saved_activation_bytes(
                body, image, image, plane, plane[:, :, 0, 0], plane, image, torch.rand(1, 7)
            )
        )
    assert kept[1] < 0.6 * kept[0]
