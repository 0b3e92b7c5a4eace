import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402
from support.memory import peak_bytes, saved_activation_bytes  # noqa: E402
from support.network_inputs import random_inputs, read_by  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from unbake.data.batch import Batch  # noqa: E402
from unbake.domain.maps import GEOMETRY, MapKind, spec  # noqa: E402
from unbake.domain.materials import CLASSES, LABELS  # noqa: E402
from unbake.domain.networks import LABEL_PROBS, given_name, input_name  # noqa: E402
from unbake.losses.rendering import random_lights, rendering_l1  # noqa: E402
from unbake.losses.total import LossWeights, map_losses, mask_losses  # noqa: E402
from unbake.metrics.lpips import Lpips  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
from unbake.train.labels import classifier_losses  # noqa: E402

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
    mask, weights = maps[MapKind.METALLIC_MASK], LossWeights(perceptual=0.1)
    inputs = {input_name(kind): image for kind, image in maps.items() if kind not in GEOMETRY}
    inputs |= {given_name(kind): torch.ones(1, 1) for kind in maps if spec(kind).optional}
    inputs |= {"geometry": torch.cat([maps[kind] for kind in GEOMETRY], dim=1)}
    said = network(*read_by(name, inputs | {LABEL_PROBS: torch.rand(1, len(LABELS))}))
    if name == "vit":
        labels, patches = (logits.float() for logits in said)
        terms = classifier_losses(labels, patches, _batch(maps, given), weights)
        return torch.stack(list(terms.values())).sum()
    if name == "segformer":
        terms = mask_losses(said.float(), mask, given[MapKind.METALLIC_MASK], weights)
        return torch.stack(list(terms.values())).sum()
    predicted = {MapKind.ALBEDO: said} if name == "unet_albedo" else said
    terms = {"rendering": rendering_l1(predicted, maps, given, LIGHTS)}
    for kind, map in predicted.items():
        foreground = mask if spec(kind).foreground else None
        terms |= map_losses(kind, map.float(), maps[kind], given[kind], foreground, weights, lpips)
    return torch.stack(list(terms.values())).sum()


def _batch(maps: dict[MapKind, Tensor], given: dict[MapKind, Tensor]) -> Batch:
    classes, one = torch.rand(1, len(CLASSES)).round(), torch.ones(1, dtype=torch.bool)
    return Batch(maps, given, classes, one, torch.zeros(1, dtype=torch.int64), ("a",), ("matsynth",))


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
        kept.append(saved_activation_bytes(body, *read_by("unet_maps", random_inputs(batch=1))))
    assert kept[1] < 0.6 * kept[0]
