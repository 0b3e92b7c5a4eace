"""For all tests: one thread a process, and processes that can be interrupted.

The networks of tests are tiny, and threads that wait for a busy core spin. A shell that starts tests in the background
lets them, and the programs they start, ignore Ctrl-C. What unbake keeps for a user goes to a folder of the tests'.
"""

import atexit
import os
import shutil
import signal
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup lets them ignore it

if "UNBAKE_CACHE" not in os.environ:
    os.environ["UNBAKE_CACHE"] = tempfile.mkdtemp(prefix="unbake-tests-")
    atexit.register(shutil.rmtree, os.environ["UNBAKE_CACHE"], ignore_errors=True)
