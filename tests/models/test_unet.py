from collections.abc import Callable
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from support.network_inputs import random_inputs, read_by  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from unbake.models.config import CONFIGS, UnetConfig  # noqa: E402
from unbake.models.network import Networks, receptive_field  # noqa: E402
from unbake.models.unet import Unet, half_receptive_field  # noqa: E402

TINY = CONFIGS["tiny"]
CLASSES = 3


def _unet(config: UnetConfig = TINY.unet, checkpoint: bool = False) -> Unet:
    torch.manual_seed(0)
    body = Unet(2, {"a": 1, "b": 2}, config, CLASSES, checkpoint)
    with torch.no_grad():
        for tensor in body.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(0.2 * torch.rand_like(tensor))
    return body.eval()


def _run(body: Unet, x: Tensor) -> Tensor:
    probs = torch.linspace(0, 1, CLASSES)[None].expand(len(x), -1)
    with torch.no_grad():
        return torch.cat(list(body(x, probs).values()), dim=1)


@pytest.mark.parametrize("depth", [3, 4])
def test_the_formula_gives_exactly_the_texels_that_reach_an_output(depth: int):
    config = UnetConfig(width=1, depth=depth)
    half, stride = half_receptive_field(config), 2**depth
    body = Unet(1, {"a": 1}, config, 0, checkpoint=False).eval()
    for parameter in (p for p in body.parameters() if p.ndim == 4):
        nn.init.constant_(parameter, 1 / parameter[0].numel())  # all positive: nothing cancels, no ReLU shuts
    side = -(-(2 * half + 2 * stride) // stride) * stride
    x = torch.ones(1, 1, side, stride, requires_grad=True)  # rows alone: columns are no different
    out = body(x)["a"]
    furthest = 0
    for position in range(side // 2, side // 2 + stride):
        (gradient,) = torch.autograd.grad(out[0, 0, position, 0], x, retain_graph=True)
        rows = gradient[0, 0].any(dim=1).nonzero() - position
        furthest = max(furthest, int(rows.abs().max()))
    assert furthest == half


def test_the_receptive_field_is_a_square_around_its_texel():
    assert receptive_field(TINY) == 2 * half_receptive_field(TINY.unet) + 1


def test_a_tile_with_a_halo_of_half_the_receptive_field_equals_the_whole():
    body, stride = _unet(), TINY.stride
    halo = -(-half_receptive_field(TINY.unet) // stride) * stride
    torch.manual_seed(1)
    whole = torch.rand(1, 2, 192, 192)
    tile = whole[..., 64 - halo : 128 + halo, 64 - halo : 128 + halo]
    expected = _run(body, whole)[..., 64:128, 64:128]
    torch.testing.assert_close(_run(body, tile)[..., halo:-halo, halo:-halo], expected, rtol=1e-4, atol=1e-5)


def test_rolling_a_wrapped_input_by_the_stride_rolls_the_output():
    body, stride = _unet(), TINY.stride
    halo = -(-half_receptive_field(TINY.unet) // stride) * stride

    def wrapped(x: Tensor) -> Tensor:
        return _run(body, F.pad(x, (halo,) * 4, mode="circular"))[..., halo:-halo, halo:-halo]

    torch.manual_seed(1)
    x, shift = torch.rand(1, 2, 64, 64), (3 * stride, stride)
    expected = wrapped(x).roll(shift, dims=(2, 3))
    torch.testing.assert_close(wrapped(x.roll(shift, dims=(2, 3))), expected, rtol=1e-4, atol=1e-5)


def test_recomputing_levels_changes_neither_gradients_nor_running_statistics():
    torch.manual_seed(1)
    x, probs = torch.rand(2, 2, 32, 32), torch.rand(2, CLASSES)
    after = []
    for checkpoint in (False, True):
        body = _unet(checkpoint=checkpoint).train()
        sum(out.square().mean() for out in body(x, probs).values()).backward()
        gradients = {name: p.grad for name, p in body.named_parameters()}
        after.append((gradients, dict(body.named_buffers())))
    torch.testing.assert_close(after[1], after[0], rtol=0, atol=0)


def test_width_alone_does_not_change_the_receptive_field():
    wide = replace(TINY, unet=UnetConfig(width=64, depth=TINY.unet.depth))
    assert receptive_field(wide) == receptive_field(TINY)


@pytest.fixture(scope="module")
def networks() -> Networks:
    torch.manual_seed(0)
    built = Networks(TINY).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return built


def _predicted(networks: Networks, name: str, inputs: dict[str, Tensor]) -> Tensor:
    """All maps of a UNet side by side, (B, C, H, W)."""
    with torch.no_grad():
        said = getattr(networks, name)(*read_by(name, inputs))
    return torch.cat(list(said.values()), dim=1) if isinstance(said, dict) else said


def _each_image(inputs: dict[str, Tensor], change: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """Images changed, flags and labels left: what is said of a texture as a whole stays."""
    return {name: change(x) if x.ndim == 4 else x for name, x in inputs.items()}


@pytest.mark.parametrize("name", ["unet_albedo", "unet_maps"])
def test_a_tile_of_all_a_unet_reads_equals_the_whole(networks: Networks, name: str):
    halo = -(-half_receptive_field(TINY.unet) // TINY.stride) * TINY.stride
    whole = random_inputs(batch=1, side=192)
    tile = _each_image(whole, lambda x: x[..., 64 - halo : 128 + halo, 64 - halo : 128 + halo])
    expected = _predicted(networks, name, whole)[..., 64:128, 64:128]
    inner = _predicted(networks, name, tile)[..., halo:-halo, halo:-halo]
    torch.testing.assert_close(inner, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["unet_albedo", "unet_maps"])
def test_rolling_all_a_unet_reads_rolls_what_it_says_where_the_labels_stay(networks: Networks, name: str):
    halo = -(-half_receptive_field(TINY.unet) // TINY.stride) * TINY.stride

    def wrapped(inputs: dict[str, Tensor]) -> Tensor:
        padded = _each_image(inputs, lambda x: F.pad(x, (halo,) * 4, mode="circular"))
        return _predicted(networks, name, padded)[..., halo:-halo, halo:-halo]

    inputs, shift = random_inputs(batch=1), (3 * TINY.stride, TINY.stride)
    expected = wrapped(inputs).roll(shift, dims=(2, 3))
    turned = wrapped(_each_image(inputs, lambda x: x.roll(shift, dims=(2, 3))))
    torch.testing.assert_close(turned, expected, rtol=1e-4, atol=1e-5)
