import pytest

torch = pytest.importorskip("torch")

from support.network_inputs import random_inputs, read_by  # noqa: E402
from torch import Tensor  # noqa: E402

from unbake.errors import UsageError  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.lora import add_lora, has_lora, lora_of, merge_lora  # noqa: E402
from unbake.models.network import Networks  # noqa: E402


def _networks() -> Networks:
    torch.manual_seed(0)
    return Networks(CONFIGS["tiny"]).eval()


def _adapted() -> Networks:
    """With adapters that do something."""
    networks = _networks()
    add_lora(networks, rank=4, alpha=8.0)
    with torch.no_grad():
        for name, parameter in networks.named_parameters():
            if ".lora_B." in name:
                parameter.normal_()
    return networks


def _outputs(networks: Networks) -> tuple[Tensor, ...]:
    """Labels and patches of the classifier, and the logits of the mask."""
    inputs = random_inputs()
    with torch.no_grad():
        said = networks.vit(*read_by("vit", inputs))
        return *said, networks.segformer(*read_by("segformer", inputs))


def test_adding_adapters_changes_no_output():
    networks = _networks()
    before = _outputs(networks)
    add_lora(networks, rank=4, alpha=8.0)
    assert all(torch.equal(a, b) for a, b in zip(_outputs(networks), before, strict=True))


def test_every_query_and_value_of_both_transformers_gets_an_adapter_of_the_rank():
    networks = _adapted()
    shapes = {name: tuple(p.shape) for name, p in networks.named_parameters() if ".lora_A." in name}
    attentions = sum(name.endswith("attention.k_proj.weight") for name, _ in networks.named_parameters())
    assert attentions == CONFIGS["tiny"].vit.layers + sum(CONFIGS["tiny"].segformer.depths)
    assert len(shapes) == 2 * attentions
    assert {name.split(".")[-4] for name in shapes} == {"q_proj", "v_proj"}
    assert {shape[0] for shape in shapes.values()} == {4}


def test_the_same_seed_gives_the_same_adapters():
    one, other = (_networks() for _ in range(2))
    for networks in (one, other):
        torch.manual_seed(7)
        add_lora(networks, rank=4, alpha=8.0)
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)


def test_adding_adapters_thaws_and_freezes_nothing_that_was_there():
    networks = _networks()
    networks.vit.requires_grad_(False)
    add_lora(networks, rank=4, alpha=8.0)
    frozen = {name for name, p in networks.named_parameters() if not p.requires_grad}
    plain = {f"vit.{name}" for name, _ in _networks().vit.named_parameters()}
    assert {name.replace(".base_layer", "") for name in frozen} == plain
    assert not any(module.training for module in networks.modules())


def test_adapters_are_not_added_twice():
    networks = _adapted()
    with pytest.raises(UsageError, match="have it already"):
        add_lora(networks, rank=4, alpha=8.0)


def test_merging_gives_plain_networks_with_the_same_outputs():
    networks = _adapted()
    before = _outputs(networks)
    assert any((a - b).abs().max() > 1e-2 for a, b in zip(before, _outputs(_networks()), strict=True))
    merge_lora(networks)
    assert networks.state_dict().keys() == _networks().state_dict().keys()
    assert not has_lora(networks)
    torch.testing.assert_close(_outputs(networks), before, rtol=0, atol=1e-5)


def test_merged_networks_take_adapters_again():
    networks = _adapted()
    merge_lora(networks)
    add_lora(networks, rank=2, alpha=1.0)
    assert lora_of(networks) == {"rank": 2, "alpha": 1.0}
