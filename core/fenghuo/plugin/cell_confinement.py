"""What a plugin's own process takes upon itself before it reads a line of the plugin's code, and how the core starts it.

Source: setrlimit(2), nice(1), prctl(2), proc(5) (oom_score_adj).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from fenghuo.plugin.cell_values import Terms

__all__ = ["belong_to", "command", "confine", "environment"]

PR_SET_PDEATHSIG = 1
"""A loop that stands would never see that the core has hung up."""
FIRST_TO_GO = 800
"""Of the kernel's -1000 to 1000: when memory runs out, whoever is here goes before the core does."""
BEHIND = 5
"""Steps of niceness: where processors are short, the core comes first."""
KEPT = ("PATH", "LANG", "PYTHONPATH", "TZ", "HOME")
"""Of the environment: nothing that names a credential, a socket of the node, or its service manager."""


def command(module: str, *arguments: str) -> tuple[str, ...]:
    """How such a process is started: by the same interpreter, isolated where this one is, and behind it: to import costs more than to run.
    Where a unit forbids that, it is started all the same; then the share of the processor alone holds."""
    return ("nice", "-n", str(BEHIND), sys.executable, *(("-I",) if sys.flags.isolated else ()), "-m", module, *arguments)


def environment() -> dict[str, str]:
    """What such a process sees of the core's environment."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


def belong_to(core: int) -> None:
    """End with the process of the core, whatever the plugin does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != core:  # it was gone before we asked to be told
        os._exit(0)


def confine(terms: Terms) -> None:
    """Take the limits upon this process, never to be raised again."""
    for what, most in (
        (resource.RLIMIT_AS, terms.memory),
        (resource.RLIMIT_NOFILE, terms.descriptors),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))
    with contextlib.suppress(OSError):  # no /proc: then the kernel chooses by size alone
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO), encoding="ascii")
