"""Pools of threads that have their full size from the start.

A pool that grows as it is asked, and shrinks as it idles, has another number of threads each time
somebody looks, with stacks and caches of their own: none of that can be told from a leak.
"""

import threading
from concurrent.futures import ThreadPoolExecutor, wait


def full_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """A pool all of whose threads run."""
    pool = ThreadPoolExecutor(threads, name)
    # A thread is made for a task that no idle one can take: so none is idle until all are there.
    together = threading.Barrier(threads)
    wait([pool.submit(together.wait) for _ in range(threads)])
    return pool
