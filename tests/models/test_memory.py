import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from unbake.domain.maps import MapKind  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.memory import peak_bytes, saved_activation_bytes  # noqa: E402
from unbake.models.network import Networks  # noqa: E402

FULL = CONFIGS["full"]
BUDGET = 7.2 * 2**30
BATCH, SIDE = 4, 1024


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


def _sum(output: Tensor | dict[MapKind, Tensor]) -> Tensor:
    if isinstance(output, dict):
        return torch.stack([value.mean() for value in output.values()]).sum()
    return output.mean()


def _step_bytes(network: nn.Module, name: str, side: int) -> int:
    """float32 bytes of one forward and backward at batch 1, on top of weights and gradients."""
    image, plane, flag = torch.rand(1, 3, side, side), torch.rand(1, 1, side, side), torch.ones(1, 1)
    inputs = {
        "vit": (image,),
        "segformer": (image, image, plane, flag),
        "unet_albedo": (image, image, plane, flag, plane),
        "unet_maps": (image, image, plane, flag, plane, image, torch.rand(1, 7)),
    }[name]
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)  # there before counting: it hides no activation's growth
    return peak_bytes(lambda: _sum(network(*inputs)).backward())


@pytest.fixture(scope="module")
def full() -> Networks:
    torch.manual_seed(0)
    return Networks(FULL).train()


@pytest.mark.parametrize("name", ["vit", "segformer", "unet_albedo", "unet_maps"])
def test_a_step_of_full_at_batch_four_and_1024_fits_eight_gigabytes(full: Networks, name: str):
    network = getattr(full, name)
    if name == "vit":
        step = BATCH * _step_bytes(network, name, FULL.vit.px)
    else:
        sides = (64, 128)
        low, high = (_step_bytes(network, name, side) for side in sides)
        # Convolutions, norms and fused attention keep what grows with the area: a straight line through two sizes.
        per_texel = (high - low) / (sides[1] ** 2 - sides[0] ** 2)
        step = BATCH * SIDE**2 * per_texel
    # Under bf16 autocast activations take half; weights, gradients and AdamW's two moments stay float32.
    always = 4 * 4 * sum(p.numel() for p in full.parameters())
    assert always + step / 2 < BUDGET


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
