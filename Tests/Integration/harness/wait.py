"""Waiting for what comes about by itself."""

import asyncio
import threading
import time


def until(condition, what="what was waited for", seconds=15):
    """Waits until a condition holds; gives what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        threading.Event().wait(0.02)
    return found


async def comes(condition, what="what was waited for", seconds=15):
    """The same, beside clients that go on meanwhile."""
    return await asyncio.to_thread(until, condition, what, seconds)
