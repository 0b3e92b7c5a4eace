import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402

HALF_STEP = 0.5 / 255


def _networks(stirred: bool = False) -> Networks:
    torch.manual_seed(0)
    networks = Networks(CONFIGS["tiny"]).eval()
    if stirred:
        with torch.no_grad():
            for parameter in networks.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return networks


def _inputs(batch: int = 2, side: int = 64) -> dict[str, tuple[Tensor, ...]]:
    torch.manual_seed(1)
    image, other = torch.rand(batch, 3, side, side), torch.rand(batch, 3, side, side)
    normal = F.normalize(torch.rand(batch, 3, side, side) + torch.tensor([-0.5, -0.5, 1.0])[:, None, None])
    plane, mask = torch.rand(batch, 1, side, side), torch.rand(batch, 1, side, side)
    given = (torch.arange(batch) % 2)[:, None].float()
    return {
        "vit": (image,),
        "segformer": (image, normal, plane, given),
        "unet_albedo": (image, normal, plane, given, mask),
        "unet_maps": (image, normal, plane, given, mask, other, torch.rand(batch, 7)),
    }


def _sum(output: Tensor | dict[MapKind, Tensor]) -> Tensor:
    if isinstance(output, dict):
        return torch.stack([value.sum() for value in output.values()]).sum()
    return output.sum()


def test_tiny_stays_below_two_hundred_thousand_parameters_and_small_near_thirteen_million():
    counts = {
        name: sum(p.numel() for p in Networks(CONFIGS[name]).parameters()) for name in ("tiny", "small")
    }
    assert counts["tiny"] < 200_000
    assert 12e6 < counts["small"] < 14e6


def test_albedo_before_training_is_the_diffuse_within_half_an_eight_bit_step():
    ramp = torch.linspace(0, 1, 64 * 64 * 3).reshape(1, 3, 64, 64)
    _, normal, plane, given, mask = (x[:1] for x in _inputs()["unet_albedo"])
    assert (_networks().unet_albedo(ramp, normal, plane, given, mask) - ramp).abs().max() < HALF_STEP


def test_ao_and_height_before_training_are_the_geometry_channels_within_half_an_eight_bit_step():
    inputs = _inputs()["unet_maps"]
    maps = _networks().unet_maps(*inputs)
    geometry = dict(zip(GEOMETRY, inputs[5].split(1, dim=1), strict=True))
    assert (maps[MapKind.AO] - geometry[MapKind.GEO_AO]).abs().max() < HALF_STEP
    assert (maps[MapKind.HEIGHT] - geometry[MapKind.GEO_HEIGHT]).abs().max() < HALF_STEP


def test_a_bias_carries_black_to_bright_metal():
    networks = _networks()
    out = networks.unet_albedo.get_submodule("body.heads.albedo.out")
    nn.init.constant_(out.bias, 8.5)
    image, *rest = _inputs()["unet_albedo"]
    assert networks.unet_albedo(torch.zeros_like(image), *rest).min() > 0.9


@pytest.mark.parametrize("name", ["vit", "segformer", "unet_albedo", "unet_maps"])
def test_every_parameter_gets_a_gradient(name: str):
    network = getattr(_networks(stirred=True), name)
    _sum(network(*_inputs()[name])).backward()
    # A constant added to every key changes no softmax: that bias alone has nothing to learn.
    silent = [
        key
        for key, parameter in network.named_parameters()
        if (parameter.grad is None or not parameter.grad.any()) and not key.endswith("k_proj.bias")
    ]
    assert silent == []


def test_outputs_have_the_size_of_the_input_and_lie_between_zero_and_one():
    inputs = _inputs(side=96)
    networks = _networks(stirred=True)
    maps = networks.unet_maps(*inputs["unet_maps"])
    assert list(MAPS_HEADS) == list(maps)
    assert all(value.shape == (2, 1, 96, 96) for value in maps.values())
    albedo = networks.unet_albedo(*inputs["unet_albedo"])
    assert albedo.shape == (2, 3, 96, 96)
    assert networks.segformer(*inputs["segformer"]).shape == (2, 1, 96, 96)
    assert all(value.min() >= 0 and value.max() <= 1 for value in (albedo, *maps.values()))


@pytest.mark.parametrize("name", ["segformer", "unet_albedo", "unet_maps"])
def test_an_absent_specular_mask_is_not_looked_at(name: str):
    network = getattr(_networks(stirred=True), name)
    image, normal, plane, given, *rest = _inputs()[name]
    absent = torch.zeros_like(given)
    one, other = (_sum(network(image, normal, p, absent, *rest)) for p in (plane, torch.zeros_like(plane)))
    assert one == other


def test_the_class_probabilities_reach_every_map_of_unet_maps():
    *inputs, probs = _inputs()["unet_maps"]
    networks = _networks(stirred=True)
    one, other = (networks.unet_maps(*inputs, p) for p in (probs, 1 - probs))
    assert all((one[kind] - other[kind]).abs().max() > 1e-6 for kind in MAPS_HEADS)


def test_the_classifier_resizes_as_it_would_have_been_done_outside():
    vit, (image,) = _networks(stirred=True).vit, _inputs(side=320)["vit"]
    outside = F.interpolate(image, size=(224, 224), mode="bilinear", antialias=True)
    assert torch.equal(vit(outside), vit(image))
