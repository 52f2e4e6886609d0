"""Puts a load on a system by `sluice bench`, and tells what the machine did for it meanwhile."""

import json
import subprocess
import time

from harness.daemon import BINARY

from .usage import Usage, family

# Beyond what a run should take, before it is given up: connecting, and waiting for what is still to come.
PATIENCE = 120
# From the start of the process to its first connection.
START = 0.02


def backends(system):
    """The groups of processes that work for a system."""
    groups = {name: lambda pids=tuple(pids): family(*pids) for name, pids in system.processes().items()}
    for server in (system.postgres, system.redis):
        groups[server.kind] = lambda server=server: family(server.process.pid)
    return groups


def command(system, workload):
    addresses = [f"{host}:{port}" for host in getattr(system, "hosts", ("127.0.0.1",)) for port in system.ports]
    return [
        *(BINARY, "bench", "--json", "--wire", system.wire, "--secret-file", str(system.secret_file)),
        *workload.arguments,
        *(part for address in addresses for part in ("--at", address)),
    ]


def drive(system, workload):
    """One run of the load generator: its report, and CPU seconds and memory by group of processes."""
    begin = time.monotonic()
    process = subprocess.Popen(command(system, workload), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with Usage({**backends(system), "load": lambda: [process.pid]}) as usage:
        try:
            output, errors = process.communicate(timeout=workload.warm_up + workload.seconds + PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            errors += f"it had not ended after {time.monotonic() - begin:.0f} s"
        finally:
            # Whoever ends the suite ends its load as well.
            if process.poll() is None:
                process.kill()
                process.wait()
    end = time.monotonic()
    result = {
        "options": workload.arguments,
        "exit": process.returncode,
        "whole": usage.between(begin, end),
        "wholeSeconds": round(end - begin, 3),
    }
    result["memory"] = {name: usage.memory(name) for name in usage.groups if name != "postgres"}
    if errors.strip():
        result["said"] = errors.strip()[-500:]
    if output.strip():
        result["report"] = report = json.loads(output)
        first = begin + START + report["measuredFrom"]
        result["measured"] = usage.between(first, first + report["seconds"])
    return result
