import pytest

torch = pytest.importorskip("torch")

from unbake.domain.maps import OUTPUTS  # noqa: E402
from unbake.errors import UsageError  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.leaves import freeze, leaves, select  # noqa: E402
from unbake.models.network import Networks  # noqa: E402


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    return Networks(CONFIGS["tiny"])


def test_the_parts_of_each_network_partition_its_parameters(networks: Networks):
    found = leaves(networks)
    assert found.keys() == {name for name, _ in networks.named_parameters()}
    encoder = {"encoder.lower", "encoder.upper"}
    expected = {
        "vit": encoder | {"head.classes"},
        "segformer": encoder | {"head.metallic_mask"},
        "unet_albedo": encoder | {"decoder", "head.albedo"},
        "unet_maps": encoder | {"decoder", "head.roughness", "head.metallic", "head.ao", "head.height"},
    }
    assert {n: {leaf.part for leaf in found.values() if leaf.network == n} for n in expected} == expected


def test_every_output_map_has_a_head_of_its_own_and_heads_is_their_union(networks: Networks):
    found = leaves(networks)
    own = [select(found, [f"head.{kind}"]) for kind in OUTPUTS]
    assert all(own)
    assert select(found, ["heads"]) == set().union(*own, select(found, ["head.classes"]))
    assert sum(map(len, own)) == len(set().union(*own))


def test_norms_are_the_scales_and_shifts_of_normalisation_layers_and_nothing_else(networks: Networks):
    found = leaves(networks)
    norms = select(found, ["norms"])
    assert all(networks.get_parameter(name).ndim == 1 for name in norms)
    kinds = {type(networks.get_submodule(name.rpartition(".")[0])).__name__ for name in norms}
    assert kinds == {"Norm", "LayerNorm"}


def test_a_networks_name_selects_its_parameters_and_names_add_up(networks: Networks):
    found = leaves(networks)
    names = {"vit", "segformer", "unet_albedo", "unet_maps"}
    assert select(found, ["vit"]) == {f"vit.{name}" for name, _ in networks.vit.named_parameters()}
    assert select(found, names) == select(found, ["all"]) == set(found)
    assert select(found, ["heads", "encoders", "decoders"]) == set(found)


def test_the_upper_encoders_leave_the_lower_half_out(networks: Networks):
    found = leaves(networks)
    upper = select(found, ["encoders.upper"])
    assert "unet_maps.body.encoder.3.0.0.weight" in upper
    assert "unet_maps.body.encoder.0.0.0.weight" not in upper
    assert upper | select(found, ["encoders.lower"]) == select(found, ["encoders"])


def test_an_unknown_selection_is_refused_with_what_there_is(networks: Networks):
    with pytest.raises(UsageError, match=r"head\.albedo.*unet_maps, vit, got 'head\.colour'"):
        select(leaves(networks), ["head.colour"])


def test_what_is_frozen_stays_bit_equal_and_its_norms_still_through_a_training_step(networks: Networks):
    torch.nn.init.normal_(networks.get_parameter("unet_albedo.body.heads.albedo.out.weight"))
    freeze(networks, ["head.albedo"])
    networks.train()
    networks.unet_albedo.train()
    before = {name: tensor.clone() for name, tensor in networks.state_dict().items()}
    trained = [p for p in networks.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.1, weight_decay=0.1)
    image, plane, given = torch.rand(2, 3, 32, 32), torch.rand(2, 1, 32, 32), torch.ones(2, 1)
    networks.unet_albedo(image, image, plane, given, plane).sum().backward()
    networks.segformer(image, image, plane, given)
    optimizer.step()
    moved = {name for name, tensor in networks.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {name for name in before if name.startswith("unet_albedo.body.heads.")}


def test_freezing_again_with_all_thaws_everything(networks: Networks):
    freeze(networks, ["heads"])
    freeze(networks, ["all"])
    networks.train()
    assert all(p.requires_grad for p in networks.parameters())
    assert all(module.training for module in networks.modules())
