"""LPIPS of the albedo in validation (plan, from A-Albedo-Syn on); or that of two pictures: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import lpips

if __name__ == "__main__":
    run_verb(lpips)
else:
    from unbake.metrics.lpips import Lpips

__all__ = ["Lpips"]
