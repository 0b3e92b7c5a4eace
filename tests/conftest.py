"""For all tests: one thread a process. The networks of tests are tiny, and threads that wait for a busy core spin."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
