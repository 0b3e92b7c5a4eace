import pytest
import torch

from unbake.domain.maps import MapKind, spec
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


def ground(*shape: int) -> torch.Tensor:
    """Which texels show a surface: all but a disc in one corner, and a strip."""
    batch, _, height, width = shape
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    valid = ((y - height) ** 2 + (x - width) ** 2 > (height // 2) ** 2) & (x != 3)
    return valid.expand(batch, 1, height, width)


ATLAS = ground(2, 1, 16, 16)
SHADES = (MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO, MapKind.HEIGHT)


def all_terms(
    seed: int, present: torch.Tensor, beside: float | None
) -> tuple[dict[str, torch.Tensor], list[torch.Tensor]]:
    """Every term there is, of random predictions and truths whose ground has another value; and the predictions."""

    def filled(image: torch.Tensor, value: float) -> torch.Tensor:
        return image if beside is None else torch.where(ATLAS, image, torch.full_like(image, value))

    weights = LossWeights(perceptual=0.1, rendering=0.3)
    made = {
        kind: [
            filled(
                rand(2, spec(kind).channels, 16, 16, seed=seed + 7 * number + half), (beside or 0) * 0.9**half
            )
            for half in (0, 1)
        ]
        for number, kind in enumerate((*SHADES, MapKind.METALLIC_MASK))
    }
    preds = {kind: pred.requires_grad_() for kind, (pred, _) in made.items()}
    truth = {kind: true for kind, (_, true) in made.items()}
    mask = (truth.pop(MapKind.METALLIC_MASK) > 0.5).float()
    logits = preds.pop(MapKind.METALLIC_MASK)
    terms = mask_losses(logits, mask, present, weights)
    for kind in SHADES:
        terms |= map_losses(kind, preds[kind], truth[kind], present, mask, weights, squared)
    lit = {**truth, MapKind.NORMAL: torch.nn.functional.normalize(rand(2, 3, 16, 16) + 0.1, dim=1)}
    counted = dict.fromkeys(lit, present)
    terms |= rendering_losses("unet", preds, lit, counted, [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8)], weights)
    return terms, [*preds.values(), logits]


def test_nothing_of_an_atlas_ground_reaches_any_loss():
    black, white = (all_terms(1, ATLAS, value)[0] for value in (0.05, 0.95))
    assert black.keys() == white.keys() and len(black) >= 14
    for term, value in black.items():
        assert torch.equal(value, white[term]), term


def test_the_ground_of_an_atlas_gets_no_gradient_and_its_islands_do():
    terms, predictions = all_terms(2, ATLAS, 0.3)
    sum(terms.values()).backward()
    for prediction in predictions:
        gradient = prediction.grad.abs().sum(1, keepdim=True)
        assert not gradient[~ATLAS].any()
        assert gradient[ATLAS].all()


def test_texels_that_all_count_cost_what_their_samples_cost():
    whole, texels = (
        all_terms(3, present, None)[0] for present in (GIVEN, torch.ones(2, 1, 16, 16, dtype=torch.bool))
    )
    torch.testing.assert_close(texels, whole, atol=1e-6, rtol=1e-5)


def test_an_atlas_costs_what_its_islands_cost_alone():
    valid = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    valid[..., 4:12, 4:12] = True
    for kind in SHADES:
        a, b, fg = (
            rand(2, channels, 16, 16, seed=seed)
            for seed, channels in ((1, spec(kind).channels), (2, spec(kind).channels), (3, 1))
        )
        masked = map_losses(kind, a, b, valid, fg, LossWeights())
        cut = [x[..., 4:12, 4:12] for x in (a, b, fg)]
        alone = map_losses(kind, *cut[:2], GIVEN, cut[2], LossWeights())
        # Of gradients each scale counts by the share of its texels that are left.
        plain = {term for term in alone if not term.endswith("gradient")}
        torch.testing.assert_close({t: masked[t] for t in plain}, {t: alone[t] for t in plain})


def test_of_samples_some_of_which_lack_a_map_only_the_others_islands_count():
    first = torch.tensor([True, False]).view(2, 1, 1, 1)
    a, b = rand(2, 1, 16, 16), rand(2, 1, 16, 16, seed=1)
    b[1] = float("nan")
    for kind in (MapKind.ROUGHNESS, MapKind.HEIGHT):
        both = map_losses(kind, a, b, ATLAS & first, None, LossWeights())
        alone = map_losses(kind, a[:1], b[:1], ATLAS[:1], None, LossWeights())
        torch.testing.assert_close(both, alone)
