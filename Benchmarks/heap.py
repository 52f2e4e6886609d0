"""Where the memory of an idle connection goes: the daemon's, and that of NIO alone.

heaptrack records what is allocated, and from where. A server is killed while FEW clients are connected to it, and
another while MANY are: what is live of the second less what is live of the first is the clients' alone.
docs/performance.md explains.
"""

import collections
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import load

from harness.daemon import Daemon
from harness.ports import free_port

# Tables that double are as full with the one number as with the other.
FEW, MANY = 2_500, 10_000
# Where Debian's package has them.
RECORDER = "/usr/lib/heaptrack/libheaptrack_preload.so"
INTERPRETER = "/usr/lib/heaptrack/libexec/heaptrack_interpret"
# The innermost function that one of these begins tells what an allocation is for.
PARTS = {
    "NIO: what is to be written": "PendingStreamWrites",
    "NIO: pipeline": "ChannelHandlerContext.__allocating_init|ChannelPipeline.init",
    "NIO: addresses": "SocketAddress.",
    "NIO: selector": r"closure #1 in Selector\.register",
    "NIO: channel and socket": r"(Server|Base|BaseStream)?SocketChannel\.|Socket\.__allocating_init",
    "what was read first": r"ByteBuffer\.|NIOPooledRecvBufferAllocator\.record",
    "handler": "WebSocketHandler.__allocating_init",
    "outbox": "Outbox.__allocating_init",
    "share of the limits": "Admission.__allocating_init",
    "connection": "Connection.__allocating_init",
    "identity": "Identity.__allocating_init",
    "tokens that were verified": "TokenCache.",
    "users that the store knows": r"(closure #1 in )?SeenUsers\.",
    "presence": "PresenceTable.",
    "directory": r"closure #1 in Hub\.register",
    "the loop's list": r"LoopGateway\.add",
}


def environment(recording):
    return {"LD_PRELOAD": RECORDER, "DUMP_HEAPTRACK_OUTPUT": str(recording)}


def record_daemon(folder, count):
    daemon = Daemon(folder / f"daemon-{count}")
    daemon.environment = environment(folder / f"daemon-{count}.raw")
    daemon.start()
    hold(daemon.process, lambda: [load.open_socket(daemon.port, f"idle{number}") for number in range(count)])
    return folder / f"daemon-{count}.raw"


def record_bare(folder, count):
    recording, port = folder / f"bare-{count}.raw", free_port()
    command = [load.ROOT / ".build/release/bare-echo", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment(recording)})
    process.stdout.readline()

    def connect():
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        # The answer to the last says that all have been taken.
        clients[-1].sendall(b"x")
        clients[-1].recv(1)
        return clients

    hold(process, connect)
    return recording


def hold(process, connect):
    """Ends a process while clients are connected to it."""
    clients = []
    try:
        clients = connect()
        # What is recorded is written when a buffer is full; the recorder's clock alone fills it within this time.
        time.sleep(3)
    finally:
        process.kill()
        process.wait()
    for client in clients:
        client.close()


def live(recording):
    """What was not freed: how often each size was allocated by each stack, its innermost function first."""
    with open(recording) as raw:
        text = subprocess.run([INTERPRETER], stdin=raw, capture_output=True, text=True).stdout
    names, frames, traces, kinds, counts = [""], [()], [(0, 0)], [], collections.Counter()
    # The last line may have been cut off.
    for line in text.split("\n")[:-2]:
        kind, _, rest = line.partition(" ")
        if kind == "s":
            names.append(rest.partition(" ")[2])
            continue
        fields = [int(field, 16) for field in rest.split()] if kind in ("i", "t", "a", "+", "-") else []
        if kind == "i":
            # Address and module, then function, file and line, thrice and more where functions were inlined.
            frames.append(fields[2::3])
        elif kind in ("t", "a"):
            (traces if kind == "t" else kinds).append(fields)
        elif kind in ("+", "-"):
            counts[fields[0]] += 1 if kind == "+" else -1

    def stack(trace):
        while trace:
            frame, trace = traces[trace]
            yield from (names[function] for function in frames[frame])

    found = collections.Counter()
    for kind, count in counts.items():
        size, trace = kinds[kind]
        found[tuple(stack(trace)), size] += count
    return found


def chunk(size):
    """What glibc takes for so many bytes, its own word and rounding included."""
    return max(32, (size + 8 + 15) // 16 * 16)


def parts(few, many):
    """Bytes of a connection by what they are for."""
    functions = sorted({name for stack, _ in {**few, **many} for name in stack})
    demangled = subprocess.run(
        ["swift", "demangle", "--simplified"], input="\n".join(functions), capture_output=True, text=True, check=True
    ).stdout.split("\n")
    of = {}
    for mangled, name in zip(functions, demangled):
        name = re.sub(r"^(specialized |static |protocol witness for )+", "", name)
        of[mangled] = next((part for part, pattern in PARTS.items() if re.match(pattern, name)), None)
    found = collections.Counter()
    for key in {**few, **many}:
        stack, size = key
        part = next((of[name] for name in stack if of[name]), "besides")
        found[part] += (many[key] - few[key]) * chunk(size) / (MANY - FEW)
    return found


def main():
    if not Path(RECORDER).exists():
        sys.exit("heap: heaptrack is missing: scripts/install-dependencies.sh heaptrack")
    load.allow_many_files()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        columns = [
            parts(*(live(record(folder, count)) for count in (FEW, MANY))) for record in (record_bare, record_daemon)
        ]
    print(f"{'bytes a connection':30}       bare     daemon")
    for part in [*PARTS, "besides"]:
        print(f"{part:30}", *(f"{column[part]:10,.0f}" for column in columns))
    print(f"{'all':30}", *(f"{sum(column.values()):10,.0f}" for column in columns))


if __name__ == "__main__":
    main()
