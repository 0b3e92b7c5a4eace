import torch

from unbake.domain.maps import MapKind
from unbake.losses.rendering import random_lights, rendering_l1

LIGHTS = [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8)]
BOTH = {kind: torch.tensor([True, True]) for kind in MapKind}


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    random = torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return 0.2 + 0.6 * random


def truth(size: int = 4) -> dict[MapKind, torch.Tensor]:
    normal = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).view(1, 3, 1, 1)
    return {
        MapKind.ALBEDO: rand(2, 3, size, size),
        MapKind.ROUGHNESS: rand(2, 1, size, size, seed=1),
        MapKind.METALLIC: rand(2, 1, size, size, seed=2),
        MapKind.AO: rand(2, 1, size, size, seed=3),
        MapKind.NORMAL: normal.expand(2, 3, size, size),
    }


def test_the_true_maps_look_right():
    assert rendering_l1(truth(), truth(), BOTH, LIGHTS).item() == 0.0


def test_a_wrong_roughness_shows():
    assert rendering_l1({MapKind.ROUGHNESS: rand(2, 1, 4, 4, seed=9)}, truth(), BOTH, LIGHTS) > 1e-3


def test_maps_that_are_not_rendered_do_not_matter():
    assert rendering_l1({MapKind.HEIGHT: rand(2, 1, 4, 4)}, truth(), BOTH, LIGHTS).item() == 0.0


def test_samples_whose_true_look_is_unknown_get_no_gradient():
    given = BOTH | {MapKind.METALLIC: torch.tensor([True, False])}
    albedo = rand(2, 3, 4, 4, seed=9).requires_grad_()
    rendering_l1({MapKind.ALBEDO: albedo}, truth(), given, LIGHTS).backward()
    assert [bool(albedo.grad[i].any()) for i in (0, 1)] == [True, False]


def test_an_ao_that_was_not_given_is_left_out():
    given = BOTH | {MapKind.AO: torch.tensor([False, False])}
    assert rendering_l1({MapKind.AO: rand(2, 1, 4, 4, seed=9)}, truth(), given, LIGHTS).item() == 0.0


def test_lights_are_unit_vectors_above_the_surface():
    lights = torch.tensor(random_lights(200, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(torch.ones(200), lights.norm(dim=1))
    assert lights[:, 2].min() >= 0.2588


def test_black_mirrors_keep_finite_gradients():
    maps = {kind: torch.zeros(2, n, 4, 4) for kind, n in ((MapKind.ALBEDO, 3), (MapKind.ROUGHNESS, 1))}
    maps = {kind: m.requires_grad_() for kind, m in maps.items()}
    rendering_l1(maps, truth(), BOTH, LIGHTS).backward()
    assert all(torch.isfinite(m.grad).all() for m in maps.values())


def test_the_gradient_is_that_of_the_value():
    def loss(albedo: torch.Tensor, roughness: torch.Tensor) -> torch.Tensor:
        return rendering_l1(
            {MapKind.ALBEDO: albedo, MapKind.ROUGHNESS: roughness}, truth(2), BOTH, LIGHTS[1:]
        )

    inputs = (rand(2, 3, 2, 2, seed=7).requires_grad_(), rand(2, 1, 2, 2, seed=8).requires_grad_())
    assert torch.autograd.gradcheck(loss, inputs)
