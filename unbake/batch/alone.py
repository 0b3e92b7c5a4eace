"""Converts one set in a process of its own, so that a picture that ends it costs that set alone; used by `run`."""

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from unbake.batch.journal import Record
from unbake.batch.stages import Stages, Written, error_sentence
from unbake.convert.bundle import BY_RULES
from unbake.convert.predict import load_predictor
from unbake.convert.sets import TextureSet
from unbake.decoding import decode_json


class Outcome(msgspec.Struct, frozen=True):
    """What became of the set: its files, or why there are none. ended: the process died of it."""

    written: Written | None = None
    failed: str = ""
    ended: bool = False


def convert_alone(stages: Stages, files: TextureSet, record: Record | None) -> Outcome:
    """Convert one set in a new process, which loads the networks for itself. record: of an earlier run."""
    bundle = stages.options.model if stages.predictor is None else stages.predictor.folder
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(
        target=_convert, args=(stages.portable(), bundle, files, record, sending), daemon=True
    )
    with receiving:
        process.start()
        sending.close()  # the process alone holds it now: where that dies, the pipe ends
        try:
            return decode_json(receiving.recv_bytes(), Outcome)
        except (EOFError, ConnectionError):
            process.join()
            return Outcome(failed=_how_it_ended(process.exitcode or 0), ended=True)
        finally:
            process.join()
            process.close()


def _convert(
    stages: Stages, bundle: Path | None, files: TextureSet, record: Record | None, sending: Connection
) -> None:
    """What the process does."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once and without a word
    with sending:
        try:
            if stages.inference["model"] != BY_RULES:
                stages.predictor = load_predictor(bundle, stages.options.threads)
            loaded = stages.load(
                files,
                lambda name, key: record if record is not None and record.key == key else None,
                lambda size: None,  # it holds one set
            )
            written = loaded if isinstance(loaded, Written) else stages.write(stages.infer(loaded))
            outcome = Outcome(written)
        except Exception as error:  # one bad file never stops the batch
            outcome = Outcome(failed=error_sentence(error))
        sending.send_bytes(msgspec.json.encode(outcome))


def _how_it_ended(code: int) -> str:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return (
        f"Expected pictures that can be decoded, got one that ended the program that decoded it ({how}); save the "
        "set's textures again, lower --max-size, or leave the set out with --exclude."
    )
