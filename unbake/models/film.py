"""Feature-wise modulation of N4 by the material classes; at its bottleneck and lower decoder."""

from torch import Tensor, nn

HIDDEN = 32


class Film(nn.Module):
    """Scale and shift each channel by what a small MLP reads from the class probabilities; identity at start.

    Source: Perez et al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer"; plan,
    `film_conditioning.py`.

    >>> import torch
    >>> Film(classes=7, channels=4)(torch.ones(1, 4, 2, 2), torch.rand(1, 7)).mean().item()
    1.0
    """

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        self.read = nn.Linear(classes, HIDDEN)
        self.write = nn.Linear(HIDDEN, 2 * channels)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)

    def forward(self, features: Tensor, class_probs: Tensor) -> Tensor:
        """features: (B, C, H, W). class_probs: (B, K) in [0, 1]. Returns features · (1 + γ) + β."""
        gamma, beta = self.write(self.read(class_probs * 2 - 1).relu())[:, :, None, None].chunk(2, dim=1)
        return features * (1 + gamma) + beta
