import pytest

torch = pytest.importorskip("torch")

from support.network_inputs import random_inputs, read_by  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind, spec  # noqa: E402
from unbake.domain.materials import LABELS  # noqa: E402
from unbake.domain.networks import NETWORKS  # noqa: E402
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


def _sum(output: Tensor | tuple[Tensor, ...] | dict[MapKind, Tensor]) -> Tensor:
    if isinstance(output, Tensor):
        return output.sum()
    values = output.values() if isinstance(output, dict) else output
    return torch.stack([value.sum() for value in values]).sum()


def test_tiny_stays_below_two_hundred_thousand_parameters_and_small_near_thirty_million():
    with torch.device("meta"):  # they are only counted
        counts = {name: sum(p.numel() for p in Networks(CONFIGS[name]).parameters()) for name in CONFIGS}
    assert counts["tiny"] < 200_000
    assert 29e6 < counts["small"] < 31e6


def test_albedo_before_training_is_the_diffuse_within_half_an_eight_bit_step():
    ramp = torch.linspace(0, 1, 64 * 64 * 3).reshape(1, 3, 64, 64)
    inputs = random_inputs(batch=1) | {"diffuse": ramp}
    assert (_networks().unet_albedo(*read_by("unet_albedo", inputs)) - ramp).abs().max() < HALF_STEP


def test_ao_and_height_before_training_are_the_geometry_channels_within_half_an_eight_bit_step():
    inputs = random_inputs()
    maps = _networks().unet_maps(*read_by("unet_maps", inputs))
    geometry = dict(zip(GEOMETRY, inputs["geometry"].split(1, dim=1), strict=True))
    assert (maps[MapKind.AO] - geometry[MapKind.GEO_AO]).abs().max() < HALF_STEP
    assert (maps[MapKind.HEIGHT] - geometry[MapKind.GEO_HEIGHT]).abs().max() < HALF_STEP


def test_a_bias_carries_black_to_bright_metal():
    networks = _networks()
    out = networks.unet_albedo.get_submodule("body.heads.albedo.out")
    nn.init.constant_(out.bias, 8.5)
    inputs = random_inputs()
    black = inputs | {"diffuse": torch.zeros_like(inputs["diffuse"])}
    assert networks.unet_albedo(*read_by("unet_albedo", black)).min() > 0.9


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient(name: str):
    network = getattr(_networks(stirred=True), name)
    _sum(network(*read_by(name, random_inputs()))).backward()
    # A constant added to every key changes no softmax: that bias alone has nothing to learn.
    silent = [
        key
        for key, parameter in network.named_parameters()
        if (parameter.grad is None or not parameter.grad.any()) and not key.endswith("k_proj.bias")
    ]
    assert silent == []


def test_outputs_have_the_size_of_the_input_and_lie_between_zero_and_one():
    inputs = random_inputs(side=96)
    networks = _networks(stirred=True)
    maps = networks.unet_maps(*read_by("unet_maps", inputs))
    assert list(MAPS_HEADS) == list(maps)
    assert all(value.shape == (2, 1, 96, 96) for value in maps.values())
    albedo = networks.unet_albedo(*read_by("unet_albedo", inputs))
    assert albedo.shape == (2, 3, 96, 96)
    assert networks.segformer(*read_by("segformer", inputs)).shape == (2, 1, 96, 96)
    assert all(value.min() >= 0 and value.max() <= 1 for value in (albedo, *maps.values()))


@pytest.mark.parametrize(
    ("name", "mask"),
    [(name, kind.value) for name in NETWORKS for kind in NETWORKS[name].reads if spec(kind).optional],
)
def test_an_absent_mask_is_not_looked_at(name: str, mask: str):
    network, inputs = getattr(_networks(stirred=True), name), random_inputs()
    inputs |= {f"{mask}_given": torch.zeros(2, 1)}
    one, other = (
        _sum(network(*read_by(name, inputs | {mask: plane})))
        for plane in (inputs[mask], torch.zeros_like(inputs[mask]))
    )
    assert one == other


@pytest.mark.parametrize("name", ["segformer", "unet_albedo", "unet_maps"])
@pytest.mark.parametrize("channel", range(3))
def test_each_channel_of_the_classifiers_word_on_patches_is_read(name: str, channel: int):
    network, inputs = getattr(_networks(stirred=True), name), random_inputs()
    other = inputs["coarse"].clone()
    other[:, channel] = 1 - other[:, channel]
    one, changed = (
        _sum(network(*read_by(name, inputs | {"coarse": coarse}))) for coarse in (inputs["coarse"], other)
    )
    assert (one - changed).abs() > 1e-6


@pytest.mark.parametrize("label", range(len(LABELS)))
def test_each_label_reaches_every_map_of_both_unets(label: int):
    networks, inputs = _networks(stirred=True), random_inputs()
    probs = inputs["label_probs"].clone()
    probs[:, label] = 1 - probs[:, label]
    for name in ("unet_albedo", "unet_maps"):
        network = getattr(networks, name)
        one, other = (
            network.body(torch.rand(2, NETWORKS[name].planes, 64, 64), p)
            for p in (inputs["label_probs"], probs)
        )
        assert all((one[kind] - other[kind]).abs().max() > 1e-6 for kind in one)


def test_the_classifier_resizes_as_it_would_have_been_done_outside():
    vit, image = _networks(stirred=True).vit, random_inputs(side=320)["diffuse"]
    outside = F.interpolate(image, size=(vit.px, vit.px), mode="bilinear", antialias=True)
    assert all(torch.equal(a, b) for a, b in zip(vit(outside), vit(image), strict=True))
