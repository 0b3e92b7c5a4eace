import numpy as np

from unbake.evaluate.calibrate import _fitted


def masks(of: np.ndarray, noise: float, count: int = 30) -> list[tuple[np.ndarray, np.ndarray]]:
    """Textures of which the witnesses speak with these weights: (1024, 3) logits, and the share of metal."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        said = rng.normal(0, 2, (1024, 3)).astype(np.float32)
        metal = said @ of - 1 + noise * rng.logistic(0, 1, 1024)
        made.append((said, (metal > 0).astype(np.float32)))
    return made


def test_each_witness_gets_the_weight_that_it_deserves():
    weights = _fitted(masks(np.array([0.5, 1.0, 0.2]), 1.0))
    np.testing.assert_allclose(weights, [0.5, 1.0, 0.2, -1.0], atol=0.1)


def test_a_witness_that_speaks_against_metal_is_left_out():
    weights = _fitted(masks(np.array([0.5, 1.0, -0.8]), 1.0))
    assert weights[2] == 0
    assert weights[1] > weights[0] > 0


def test_without_materials_segformers_word_stays_as_it_is():
    assert _fitted([]) == (1.0, 0.0, 0.0, 0.0)
