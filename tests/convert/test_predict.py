from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support.model_bundle import bundle

from unbake.convert import sessions
from unbake.convert.predict import Predictor, _calibrated, load_predictor, metal_of
from unbake.domain.networks import NETWORKS
from unbake.errors import UsageError


def test_threads_of_a_network_that_have_no_work_sleep() -> None:
    predictor = load_predictor(threads=2)
    assert predictor is not None
    for session in predictor._sessions.values():
        assert (
            session.get_session_options().get_session_config_entry("session.intra_op.allow_spinning") == "0"
        )


@pytest.mark.parametrize(("provider", "at_once"), [("CPUExecutionProvider", 2), ("DmlExecutionProvider", 1)])
def test_two_threads_run_a_network_at_once_unless_its_provider_takes_one(
    monkeypatch: pytest.MonkeyPatch, provider: str, at_once: int
) -> None:
    monkeypatch.setattr(sessions, "providers", lambda: [provider])
    turn = sessions.turn_of()
    with turn, ThreadPoolExecutor(1) as pool:
        second = pool.submit(lambda: turn.acquire(blocking=False) if hasattr(turn, "acquire") else True)
        assert second.result(20) == (at_once == 2)


def test_a_folder_without_a_card_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="got none"):
        load_predictor(tmp_path)


def test_a_network_that_is_no_onnx_file_is_a_usage_error(tmp_path: Path) -> None:
    for name in NETWORKS:
        (bundle(tmp_path) / f"{name}.onnx").write_bytes(b"nothing")
    with pytest.raises(UsageError, match=r"vit\.onnx"):
        Predictor(tmp_path)


def test_a_missing_network_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"vit\.onnx"):
        Predictor(bundle(tmp_path))


def test_metal_turns_on_smoothly_around_the_threshold() -> None:
    mask = np.array([0.0, 0.4, 0.5, 0.6, 1.0])
    assert metal_of(np.ones(5), mask, 0.5, 0.2) == pytest.approx([0, 0, 0.5, 1, 1])


def test_without_a_calibration_logits_stay_bit_for_bit() -> None:
    said = np.linspace(-7, 7, 9, dtype=np.float32)
    assert _calibrated(said, (1.0, 0.0)).tobytes() == said.tobytes()
