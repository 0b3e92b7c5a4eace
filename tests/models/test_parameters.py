from itertools import combinations

import pytest

torch = pytest.importorskip("torch")

from support.network_inputs import random_inputs, read_by  # noqa: E402
from torch import nn  # noqa: E402

from unbake.domain.maps import MAPS_HEADS, OUTPUTS, MapKind  # noqa: E402
from unbake.domain.networks import NETWORKS  # noqa: E402
from unbake.errors import TrainingError, UsageError  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.lora import add_lora, canonical  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
from unbake.models.parameters import ParameterInfo, freeze, parameter_info, part_of, select  # noqa: E402

RANK = 4


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    return Networks(CONFIGS["tiny"])


@pytest.fixture
def adapted(networks: Networks) -> Networks:
    add_lora(networks, RANK, alpha=8.0)
    return networks


def _count(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def _step(networks: Networks, trained: list[str]) -> set[str]:
    """Train every network for one real step; returns the names of what moved, buffers included."""
    with torch.no_grad():
        for parameter in networks.parameters():  # what starts at zero gives no gradient to what is before it
            parameter.add_(0.1 * torch.randn_like(parameter))
    freeze(networks, trained)
    networks.train()
    before = {name: tensor.clone() for name, tensor in networks.state_dict().items()}
    optimizer = torch.optim.AdamW([p for p in networks.parameters() if p.requires_grad], lr=0.1)
    inputs = random_inputs()
    vit, segformer, albedo, maps = (getattr(networks, name)(*read_by(name, inputs)) for name in NETWORKS)
    outputs = [*vit, segformer, albedo, *maps.values()]
    torch.stack([output.square().mean() for output in outputs]).sum().backward()
    optimizer.step()
    return {name for name, tensor in networks.state_dict().items() if not torch.equal(tensor, before[name])}


def test_the_parts_of_each_network_partition_its_parameters(networks: Networks):
    found = parameter_info(networks)
    assert found.keys() == {name for name, _ in networks.named_parameters()}
    encoder = {"encoder.lower", "encoder.upper"}
    expected = {
        "vit": encoder | {"head.classes"},
        "segformer": encoder | {"head.metallic_mask"},
        "unet_albedo": encoder | {"decoder", "head.albedo"},
        "unet_maps": encoder | {"decoder", "head.roughness", "head.metallic", "head.ao", "head.height"},
    }
    assert {n: {info.part for info in found.values() if info.network == n} for n in expected} == expected


def test_every_output_map_has_a_head_of_its_own_and_heads_is_their_union(networks: Networks):
    found = parameter_info(networks)
    own = [select(found, [f"head.{kind}"]) for kind in OUTPUTS]
    assert all(own)
    assert select(found, ["heads"]) == set().union(*own, select(found, ["head.classes"]))
    assert sum(map(len, own)) == len(set().union(*own))


def test_norms_are_the_scales_and_shifts_of_normalisation_layers_and_nothing_else(networks: Networks):
    found = parameter_info(networks)
    norms = select(found, ["norms"])
    assert all(networks.get_parameter(name).ndim == 1 for name in norms)
    kinds = {type(networks.get_submodule(name.rpartition(".")[0])).__name__ for name in norms}
    assert kinds == {"Norm", "LayerNorm"}


def test_a_networks_name_selects_its_parameters_and_names_add_up(networks: Networks):
    found = parameter_info(networks)
    names = {"vit", "segformer", "unet_albedo", "unet_maps"}
    assert select(found, ["vit"]) == {f"vit.{name}" for name, _ in networks.vit.named_parameters()}
    assert select(found, names) == select(found, ["all"]) == set(found)
    assert select(found, ["heads", "encoders", "decoders"]) == set(found)


def test_the_upper_encoders_leave_the_lower_half_out(networks: Networks):
    found = parameter_info(networks)
    upper = select(found, ["encoders.upper"])
    assert "unet_maps.body.encoder.3.0.0.weight" in upper
    assert "unet_maps.body.encoder.0.0.0.weight" not in upper
    assert upper | select(found, ["encoders.lower"]) == select(found, ["encoders"])


def test_an_unknown_selection_is_refused_with_what_there_is(networks: Networks):
    with pytest.raises(UsageError, match=r"head\.albedo.*unet_maps, vit, got 'head\.colour'"):
        select(parameter_info(networks), ["head.colour"])


def test_what_is_frozen_stays_bit_equal_and_its_norms_still_through_a_training_step(networks: Networks):
    torch.nn.init.normal_(networks.get_parameter("unet_albedo.body.heads.albedo.out.weight"))
    freeze(networks, ["head.albedo"])
    networks.train()
    networks.unet_albedo.train()
    before = {name: tensor.clone() for name, tensor in networks.state_dict().items()}
    trained = [p for p in networks.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.1, weight_decay=0.1)
    inputs = random_inputs(side=32)
    networks.unet_albedo(*read_by("unet_albedo", inputs)).sum().backward()
    networks.segformer(*read_by("segformer", inputs))
    optimizer.step()
    moved = {name for name, tensor in networks.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {name for name in before if name.startswith("unet_albedo.body.heads.")}


def test_with_adapters_the_parts_partition_the_parameters_and_the_adapted_weights_stay_encoders(
    networks: Networks,
):
    plain = parameter_info(networks)
    add_lora(networks, RANK, alpha=8.0)
    found = parameter_info(networks)
    assert found.keys() == {name for name, _ in networks.named_parameters()}
    lora = select(found, ["lora"])
    assert {canonical(name): info for name, info in found.items() if name not in lora} == plain
    assert {found[name].network for name in lora} == {"vit", "segformer"}


def test_a_parameter_of_no_part_stops_the_building_of_an_optimizer(networks: Networks):
    networks.vit.extra = nn.Parameter(torch.zeros(1))
    with pytest.raises(TrainingError, match=r"vit\.extra belongs to none; name its part in models/vit\.py"):
        parameter_info(networks)


@pytest.mark.parametrize(
    "one, other",
    [
        *combinations(
            [*(f"head.{kind}" for kind in OUTPUTS), "head.classes", "decoders", "encoders", "lora"], 2
        ),
        ("heads", "encoders.upper"),
        ("encoders.lower", "encoders.upper"),
        *combinations(["vit", "segformer", "unet_albedo", "unet_maps"], 2),
    ],
)
def test_names_of_different_parts_select_nothing_in_common(
    adapted_parameters: dict[str, ParameterInfo], one: str, other: str
):
    assert not select(adapted_parameters, [one]) & select(adapted_parameters, [other])


@pytest.fixture(scope="module")
def adapted_parameters() -> dict[str, ParameterInfo]:
    networks = Networks(CONFIGS["tiny"])
    add_lora(networks, RANK, alpha=8.0)
    return parameter_info(networks)


def test_as_many_parameters_are_trained_as_a_phases_selection_holds(adapted: Networks):
    vit, segformer = adapted.vit, adapted.segformer.model
    albedo, maps = adapted.unet_albedo.body, adapted.unet_maps.body
    heads = _count(vit.classifier, vit.patches, segformer.decode_head, albedo.heads, maps.heads)
    config = CONFIGS["tiny"]
    widths = [config.vit.hidden] * config.vit.layers
    widths += [
        width
        for width, depth in zip(config.segformer.hidden, config.segformer.depths, strict=True)
        for _ in range(depth)
    ]
    lora = sum(2 * RANK * (width + width) for width in widths)  # A and B, of query and value
    stages, layers = segformer.segformer.stages, vit.backbone.encoder.layer
    upper = _count(*stages[2:], *layers[1:], vit.backbone.layernorm, *albedo.encoder[2:], *maps.encoder[2:])
    upper_lora = sum(2 * RANK * (width + width) for width in (widths[1], *widths[-2:]))
    norms = [m for m in adapted.modules() if isinstance(m, nn.BatchNorm2d | nn.LayerNorm)]
    expected = {
        ("all",): _count(adapted),
        ("heads", "lora"): heads + lora,
        ("heads", "encoders.upper", "lora"): heads + lora + upper - upper_lora,
        ("norms",): _count(*norms),
        ("head.metallic_mask",): _count(segformer.decode_head),
        ("head.albedo",): _count(albedo.heads),
        **{(f"head.{kind}",): _count(maps.heads[kind]) for kind in MAPS_HEADS},
    }
    counts = {}
    for selection in expected:
        freeze(adapted, selection)
        counts[selection] = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    assert counts == expected


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_head_trains_with_its_up_sampling_layers_and_their_norms_and_nothing_else_moves(
    adapted: Networks, kind: str
):
    moved = _step(adapted, [f"head.{kind}"])
    assert moved == {n for n in adapted.state_dict() if part_of(adapted, n) == f"head.{kind}"}
    assert any(name.endswith("running_mean") for name in moved)
    if kind != MapKind.METALLIC_MASK:
        levels = {name.split(".heads.")[1].split(".")[1] for name in moved}
        assert levels == {"middle", "fine", "out"}


def test_with_the_heads_and_adapters_trained_the_encoders_and_their_statistics_do_not_move(
    adapted: Networks,
):
    moved = _step(adapted, ["heads", "lora"])
    assert {part_of(adapted, name).partition(".")[0] for name in moved} == {"head", "lora"}


def test_with_the_norms_trained_statistics_are_refreshed_and_no_weight_moves(adapted: Networks):
    moved = _step(adapted, ["norms"])
    statistics = {name for name, _ in adapted.named_buffers() if "running" in name or "num_batches" in name}
    norms = select(parameter_info(adapted), ["norms"])
    assert moved <= norms | statistics
    assert moved >= statistics


def test_freezing_again_with_all_thaws_everything(networks: Networks):
    freeze(networks, ["heads"])
    freeze(networks, ["all"])
    networks.train()
    assert all(p.requires_grad for p in networks.parameters())
    assert all(module.training for module in networks.modules())
