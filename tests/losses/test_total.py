import pytest
import torch

from unbake.domain.maps import MapKind
from unbake.losses.masked import masked_l1
from unbake.losses.rendering import rendering_l1
from unbake.losses.total import LossWeights, class_losses, map_losses, mask_losses, rendering_losses

GIVEN = torch.tensor([True, True])
NONE = torch.tensor([False, False])


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def squared(pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (pred - target).square().mean(dim=(1, 2, 3))


def test_albedo_has_the_terms_its_weights_ask_for():
    a, b = rand(2, 3, 8, 8), rand(2, 3, 8, 8, seed=1)
    terms = map_losses(MapKind.ALBEDO, a, b, GIVEN, None, LossWeights(perceptual=0.1), squared)
    assert sorted(terms) == ["albedo/gradient", "albedo/l1", "albedo/perceptual"]


def test_metallic_gets_a_cross_entropy_besides_its_l1():
    a, b = rand(2, 1, 8, 8), rand(2, 1, 8, 8, seed=1)
    terms = map_losses(MapKind.METALLIC, a, b, GIVEN, None, LossWeights(perceptual=0.1), squared)
    assert sorted(terms) == ["metallic/bce", "metallic/gradient", "metallic/l1"]


def test_terms_come_weighted():
    a, b, fg = rand(2, 3, 8, 8), rand(2, 3, 8, 8, seed=1), rand(2, 1, 8, 8, seed=2)
    terms = map_losses(MapKind.ALBEDO, a, b, GIVEN, fg, LossWeights(l1=0.25, w_fg=5.0))
    torch.testing.assert_close(0.25 * masked_l1(a, b, GIVEN, fg, 5.0), terms["albedo/l1"])


def test_height_is_compared_without_offset_and_scale():
    truth = rand(2, 1, 16, 16)
    terms = map_losses(MapKind.HEIGHT, 0.5 * truth + 0.2, truth, GIVEN, None, LossWeights())
    assert sum(terms.values()).item() == pytest.approx(0.0, abs=1e-3)


def test_the_perceptual_distance_sees_only_samples_with_a_truth():
    a, b = rand(2, 3, 8, 8), rand(2, 3, 8, 8, seed=1)
    weights = LossWeights(l1=0, gradient=0, perceptual=0.1)
    terms = map_losses(MapKind.ALBEDO, a, b, torch.tensor([False, True]), None, weights, squared)
    torch.testing.assert_close({"albedo/perceptual": 0.1 * squared(a, b)[1]}, terms)


def test_the_perceptual_distance_keeps_no_features_until_the_backward_and_has_its_gradient():
    a, b = rand(2, 3, 8, 8).requires_grad_(), rand(2, 3, 8, 8, seed=1)
    weights = LossWeights(l1=0, gradient=0, perceptual=0.1)
    kept: list[int] = []

    def steps(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        for _ in range(10):
            x = (x - y).exp()
        return x.mean(dim=(1, 2, 3))

    def packed(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(packed, lambda tensor: tensor):
        (term,) = map_losses(MapKind.ALBEDO, a, b, GIVEN, None, weights, steps).values()
    term.backward()
    expected = torch.autograd.grad(0.1 * steps(a, b).mean(), a)[0]
    torch.testing.assert_close(a.grad, expected)
    assert sum(kept) <= 4 * a.numel()


@pytest.mark.parametrize(
    "kind", [MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO, MapKind.HEIGHT]
)
def test_absent_maps_still_hang_in_the_graph_and_contribute_zero(kind):
    pred = rand(2, 3, 8, 8).requires_grad_()
    terms = map_losses(kind, pred, rand(2, 3, 8, 8), NONE, None, LossWeights(perceptual=0.1), squared)
    sum(terms.values()).backward()
    assert pred.grad.abs().sum().item() == 0.0


def test_mask_losses_are_a_cross_entropy_and_a_dice():
    terms = mask_losses(rand(2, 1, 8, 8), rand(2, 1, 8, 8).round(), GIVEN, LossWeights())
    assert sorted(terms) == ["metallic_mask/bce", "metallic_mask/dice"]


def test_class_losses_are_one_term():
    assert list(class_losses(rand(2, 7), rand(2, 7).round(), GIVEN)) == ["classes/bce"]


def test_weights_of_zero_leave_nothing():
    off = LossWeights(l1=0, gradient=0, bce=0, dice=0)
    a = rand(2, 1, 8, 8)
    terms = map_losses(MapKind.METALLIC, a, a, GIVEN, None, off) | mask_losses(a, a, GIVEN, off)
    assert terms | class_losses(a[:, 0, 0], a[:, 0, 0], GIVEN, off) == {}


def test_what_a_networks_maps_look_like_is_one_weighted_term_and_none_without_weight_or_lights():
    kinds = {MapKind.ALBEDO: 3, MapKind.ROUGHNESS: 1, MapKind.METALLIC: 1, MapKind.AO: 1, MapKind.NORMAL: 3}
    truth = {kind: rand(2, n, 4, 4, seed=n) for kind, n in kinds.items()}
    pred, given, lights = {MapKind.AO: rand(2, 1, 4, 4)}, dict.fromkeys(kinds, GIVEN), [(0.0, 0.0, 1.0)]
    terms = rendering_losses("n", pred, truth, given, lights, LossWeights(rendering=0.5))
    torch.testing.assert_close({"n/rendering": 0.5 * rendering_l1(pred, truth, given, lights)}, terms)
    assert rendering_losses("n", pred, truth, given, lights, LossWeights()) == {}
    assert rendering_losses("n", pred, truth, given, [], LossWeights(rendering=0.5)) == {}


def test_the_engine_can_divide_by_a_count_of_its_own():
    a, b = rand(2, 1, 8, 8), rand(2, 1, 8, 8, seed=1)
    once = map_losses(MapKind.AO, a, b, GIVEN, None, LossWeights())
    twice = map_losses(MapKind.AO, a, b, GIVEN, None, LossWeights(), mean=lambda s, n: s / (2 * n))
    torch.testing.assert_close(once, {name: 2 * term for name, term in twice.items()})
