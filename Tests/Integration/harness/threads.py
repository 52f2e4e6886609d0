"""Single threads of a process, stopped as if what they run did not end (ptrace(2))."""

import contextlib
import ctypes
import os
from pathlib import Path

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000


def event_loops(pid):
    """The threads that run a daemon's event loops."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sorted(int(task.name) for task in tasks if (task / "comm").read_text().startswith("NIO-ELT"))


@contextlib.contextmanager
def stopped(thread):
    """One thread stands still, and all others of its process run on. To be left by the thread of the test that entered. Gives
    a function that says whether the thread has ended: its process can't be gone before that has been asked."""
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long

    def trace(request):
        assert library.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())

    trace(SEIZE)
    trace(INTERRUPT)
    os.waitpid(thread, WALL)
    state = {"ended": False}

    def has_ended():
        if not state["ended"]:
            found, status = os.waitpid(thread, WALL | os.WNOHANG)
            state["ended"] = bool(found) and (os.WIFSIGNALED(status) or os.WIFEXITED(status))
        return state["ended"]

    try:
        yield has_ended
    finally:
        if not has_ended():
            trace(DETACH)
