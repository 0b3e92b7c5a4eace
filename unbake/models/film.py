"""Feature-wise modulation of N3 and N4 by what the classifier says; at their bottlenecks and lower decoders."""

from torch import Tensor, nn

HIDDEN = 32


class Film(nn.Module):
    """Scale and shift each channel by what a small MLP reads from label probabilities; identity at start.

    Source: Perez et al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer"; plan,
    `film_conditioning.py`.

    >>> import torch
    >>> Film(labels=7, channels=4)(torch.ones(1, 4, 2, 2), torch.rand(1, 7)).mean().item()
    1.0
    """

    def __init__(self, labels: int, channels: int) -> None:
        super().__init__()
        self.read = nn.Linear(labels, HIDDEN)
        self.write = nn.Linear(HIDDEN, 2 * channels)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)

    def forward(self, features: Tensor, label_probs: Tensor) -> Tensor:
        """features: (B, C, H, W). label_probs: (B, K) in [0, 1]. Returns features · (1 + γ) + β."""
        gamma, beta = self.write(self.read(label_probs * 2 - 1).relu())[:, :, None, None].chunk(2, dim=1)
        return features * (1 + gamma) + beta
