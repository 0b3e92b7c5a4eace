#!/usr/bin/env bash
# phase_D_res2K_metallic_mask: refine the metallic_mask head alone on Skyrim at 2048 x 2048 (the plan's phase D).
#
#   scripts/phase_D_res2K_metallic_mask.sh --root ROOT [--resume] [--set KEY=VALUE] ...
#
# reads   checkpoints/Cp_best (else C_best), data/Skyrim; recipe: unbake phases D
# writes  checkpoints/D_metallic_mask_best, train_logs/phase_D/metallic_mask/metrics.jsonl
# The six heads do not wait for each other: run them one by one, or on six machines. Options: unbake train --help
set -euo pipefail
if [[ "${1:-}" == --help || "${1:-}" == -h ]]; then
    sed -n 's/^# \{0,1\}//p' "$0" | tail -n +2
    exit 0
fi
command -v unbake > /dev/null || PATH="$(cd "$(dirname "$0")/.." && pwd)/.venv/bin:$PATH"
exec unbake train D --map metallic_mask "$@"
