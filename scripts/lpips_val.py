"""LPIPS of the albedo in validation (plan, from A-Albedo-Syn on); or that of two pictures: --help."""

from unbake.cli.doors import lpips
from unbake.cli.entry import door

if __name__ == "__main__":
    door(lpips)
else:
    from unbake.metrics.lpips import Lpips

__all__ = ["Lpips"]
