"""Load from this machine: clients in processes of their own, raw sockets whose frames are made ahead.

Pairs of clients write to each other both ways, either a number of messages in flight each, or so many a second whatever
comes back. All that is acknowledged and delivered is kept by name, so that it can be looked for in the store.
"""

import base64
import dataclasses
import gc
import multiprocessing
import os
import re
import resource
import secrets
import select
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Integration"))
os.environ.setdefault("SLUICE_BINARY", str(ROOT / ".build/release/sluice"))

from harness import tokens  # noqa: E402

CONTENT = 100
PATIENCE = 20
# More than ever comes at once, and less than what malloc has the kernel map anew each time (128 KiB).
AT_ONCE = 65_536
# A pass over the data for each kind is quicker than one with alternatives: it looks for one text.
ERROR = b'{"type":"ERROR"'
SENT = re.compile(rb'"MESSAGE_SENT","data":{"tempId":"([^"]*)","messageId":"msg_([^"]*)"')
NEW = re.compile(
    rb'"NEW_MESSAGE","data":{"messageId":"msg_([^"]*)","senderId":"[^"]*","receiverId":"[^"]*","content":"(\d+)'
)
UPDATE = b'_UPDATE","data":{"messageId":"msg_'
WARM_UP, MEASURED, DRAINING = range(3)


def frame(text):
    """A masked text frame; the mask is zero, which a server takes off all the same."""
    payload = text.encode()
    head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else b"\x81\xfe" + len(payload).to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def receipts():
    """The frames that say of a message that it was delivered and read, to be joined by its id; ids are of one length."""
    place = 13 * "0"
    text = '{"type":"MESSAGE_%s","data":{"messageId":"msg_' + place + '"}}'
    return b"".join(frame(text % kind) for kind in ("DELIVERED", "READ")).split(place.encode())


RECEIPTS = receipts()


def open_socket(port, user):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        f"GET /ws?token={tokens.token(user)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    data = b""
    client.settimeout(PATIENCE)
    while b'"CONNECTED"' not in data:
        more = client.recv(4096)
        if not more:
            raise SystemExit(f"the daemon has closed the connection of {user}: {data.decode(errors='replace')}")
        data += more
    return client


def allow_many_files():
    """Lets this process have as many connections as it may; gives their number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def cpu(*pids):
    """CPU seconds that processes have used, with those of their children that have ended."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def busy():
    """CPU seconds that the whole machine has used, with those that its host has taken from it."""
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the clients do. `ports`: one, or two for the two sides of each pair. `rate`: messages a second of all pairs
    together; without one, each client keeps `depth` in flight. `receipts`: each message is said to be delivered and
    read, by an event each."""

    ports: tuple
    pairs: int = 100
    depth: int = 8
    rate: int = 0
    receipts: bool = False
    warm_up: float = 2
    seconds: float = 8
    processes: int = 2
    # Who writes is new in every run, so that nothing has been sent before.
    name: str = dataclasses.field(default_factory=lambda: secrets.token_hex(3))


@dataclasses.dataclass
class Part:
    """What one process has seen. `sent` has (serial, message) by sender, `got` has (message, serial) by receiver in the
    order of their coming; counts and latencies are of the measured time alone. A receipt counts half with each of the
    two who are told of it."""

    acked: int = 0
    delivered: int = 0
    receipts: float = 0
    ack_latencies: list = dataclasses.field(default_factory=list)
    delivery_latencies: list = dataclasses.field(default_factory=list)
    sent: dict = dataclasses.field(default_factory=dict)
    got: dict = dataclasses.field(default_factory=dict)
    fault: str | None = None


class Clients:
    """The clients of one process."""

    def __init__(self, plan, number, phase):
        self.plan, self.phase, self.part = plan, phase, Part()
        count = 2 * plan.pairs // plan.processes
        self.users = [f"{plan.name}-{number}-{n:03}" for n in range(count)]
        self.sockets = [open_socket(plan.ports[n % len(plan.ports)], user) for n, user in enumerate(self.users)]
        self.templates = [self.template(n) for n in range(count)]
        self.sent, self.got = ([[] for _ in range(count)] for _ in range(2))
        self.part.sent, self.part.got = dict(zip(self.users, self.sent)), dict(zip(self.users, self.got))
        self.serials, self.told = [0] * count, [0] * count
        self.rest = [b""] * count
        self.due = {}
        self.open = {"acks": 0, "deliveries": 0, "receipts": 0}
        self.poller = select.epoll()
        self.by_number = {}
        for index, client in enumerate(self.sockets):
            client.settimeout(None)
            self.poller.register(client, select.EPOLLIN)
            self.by_number[client.fileno()] = index

    def template(self, index):
        """The frame of a message, to be joined by its serial number."""
        place = 7 * "#"
        content = f"{place} ".ljust(CONTENT, "x")
        data = f'"tempId":"{place}","receiverId":"{self.users[index ^ 1]}","content":"{content}"'
        return frame(f'{{"type":"NEW_MESSAGE","data":{{{data}}}}}').split(place.encode())

    def messages(self, index, count):
        """The frames of a client's next messages; what they are answered by is waited for from now on."""
        template, first = self.templates[index], self.serials[index]
        self.serials[index] = first + count
        self.open["acks"] += count
        self.open["deliveries"] += count
        if self.plan.receipts:
            # Of each of the two, both sides are told.
            self.open["receipts"] += 4 * count
        return [(b"%07d" % n).join(template) for n in range(first, first + count)]

    def send(self, index, count):
        self.sockets[index].sendall(b"".join(self.messages(index, count)))

    def take(self, index, now, goes_on=False):
        """Takes what has come to a client, and answers it by one call: with receipts and, where it `goes_on`, with a
        message for each that was acknowledged."""
        data = self.sockets[index].recv(AT_ONCE)
        if not data:
            raise SystemExit(f"the daemon has closed the connection of {self.users[index]}")
        data = self.rest[index] + data
        # Every event ends with its data's brace and its own.
        end = data.rfind(b"}}") + 2 if b"}}" in data else 0
        self.rest[index] = data[end:]
        data = data[:end]
        if ERROR in data:
            raise SystemExit(f"an event was refused: {data[data.index(ERROR) :][:300]}")
        sent, got, part = SENT.findall(data), NEW.findall(data), self.part
        self.sent[index] += sent
        self.got[index] += got
        self.open["acks"] -= len(sent)
        self.open["deliveries"] -= len(got)
        told, answer = 0, []
        if self.plan.receipts:
            told = data.count(UPDATE)
            self.told[index] += told
            self.open["receipts"] -= told
            answer = [message.join(RECEIPTS) for message, _ in got]
        if goes_on:
            answer += self.messages(index, len(sent))
        if answer:
            self.sockets[index].sendall(b"".join(answer))
        if self.phase.value == MEASURED:
            part.acked += len(sent)
            part.delivered += len(got)
            part.receipts += told / 2
            if self.plan.rate:
                part.ack_latencies += [now - self.due[index, int(serial)] for serial, _ in sent]
                part.delivery_latencies += [now - self.due[index ^ 1, int(serial)] for _, serial in got]

    def run_closed(self):
        for index in range(len(self.sockets)):
            self.send(index, self.plan.depth)
        while self.phase.value != DRAINING:
            for number, _ in self.poller.poll(0.1):
                self.take(self.by_number[number], 0, goes_on=True)

    def run_open(self):
        """Sends at the moments that the rate gives, late or not; latencies count from those moments."""
        gap = self.plan.processes / self.plan.rate
        next_due, number_sent = time.monotonic() + gap, 0
        while self.phase.value != DRAINING:
            # epoll itself waits in whole milliseconds.
            ready, _, _ = select.select([self.poller], [], [], max(0, next_due - time.monotonic()))
            if ready:
                now = time.monotonic()
                for number, _ in self.poller.poll(0):
                    self.take(self.by_number[number], now)
            while time.monotonic() >= next_due:
                index = number_sent % len(self.sockets)
                self.due[index, self.serials[index]] = next_due
                self.send(index, 1)
                number_sent += 1
                next_due += gap

    def drain(self):
        """Waits for all that is still to come, and looks whether each was told of the receipts of its own messages."""
        end = time.monotonic() + PATIENCE
        while any(self.open.values()):
            if time.monotonic() > end:
                raise SystemExit(f"some things have not come within {PATIENCE} s: {self.open}")
            for number, _ in self.poller.poll(0.1):
                self.take(self.by_number[number], time.monotonic())
        for user, sent, got, told in zip(self.users, self.sent, self.got, self.told) if self.plan.receipts else ():
            if told != 2 * (len(sent) + len(got)):
                raise SystemExit(f"{user} wrote {len(sent)} and got {len(got)} messages, and was told {told} receipts")


def client_process(plan, number, phase, ready, start, results):
    allow_many_files()
    part = Part()
    try:
        clients = Clients(plan, number, phase)
        part = clients.part
        gc.disable()
        ready.release()
        start.wait()
        if plan.rate:
            clients.run_open()
        else:
            clients.run_closed()
        clients.drain()
    except (SystemExit, Exception) as error:
        part.fault = repr(error)
        ready.release()
    results.put(part)


@dataclasses.dataclass
class Outcome:
    """What a run has given; rates are a second, of the measured time. `used` are CPU seconds of the measured time,
    `counts` is by how much the daemons' metrics have grown in all of the run."""

    plan: Plan
    seconds: float
    parts: list
    used: dict
    counts: dict

    def total(self, name):
        return sum(getattr(part, name) for part in self.parts)

    def rate(self, name="acked"):
        return self.total(name) / self.seconds

    def quantile(self, name, share):
        """A quantile in milliseconds."""
        values = sorted(value for part in self.parts for value in getattr(part, name))
        return values[min(len(values) - 1, int(share * len(values)))] * 1000

    def cost(self, name):
        """CPU seconds for 10,000 messages."""
        return 10_000 * self.used[name] / self.total("acked")

    def per_message(self, name):
        return self.counts[name] / sum(len(sent) for part in self.parts for sent in part.sent.values())

    def sent(self):
        """All that was acknowledged at any time: the message's number by sender and serial."""
        return {
            (sender, serial.decode()): int(message, 32)
            for part in self.parts
            for sender, sent in part.sent.items()
            for serial, message in sent
        }

    def reordered(self):
        """How many messages came before one that their sender had sent earlier."""
        count = 0
        for got in (got for part in self.parts for got in part.got.values()):
            last = -1
            for serial in (int(serial) for _, serial in got):
                count += serial < last
                last = max(serial, last)
        return count

    def check(self, stored):
        """Ends the run where not all that was acknowledged is stored under its number, or was not delivered just once.
        `stored` has the numbers by sender and serial."""
        sent = self.sent()
        missing = [key for key, message in sent.items() if stored.get(key) != message]
        if missing:
            raise SystemExit(f"of {len(sent)} messages that were acknowledged {len(missing)} are not stored: {missing[:5]}")
        got = [int(message, 32) for part in self.parts for got in part.got.values() for message, _ in got]
        if sorted(got) != sorted(sent.values()):
            raise SystemExit(f"{len(sent)} messages were acknowledged, {len(set(got))} delivered, {len(got)} times in all")


def together(outcomes):
    """Several runs of one plan as if they were one."""
    first = outcomes[0]

    def total(name):
        return {key: sum(getattr(outcome, name)[key] for outcome in outcomes) for key in getattr(first, name)}

    seconds = sum(outcome.seconds for outcome in outcomes)
    parts = [part for outcome in outcomes for part in outcome.parts]
    return Outcome(first.plan, seconds, parts, total("used"), total("counts"))


def by_turns(measure):
    """What is measured without something and with it, twice each: a machine that slows down slows both down alike."""
    found = {False: [], True: []}
    for is_with in (False, True, True, False):
        found[is_with].append(measure(is_with))
    return found[False], found[True]


def run(plan, watch=dict, count=dict):
    """Lets the clients work. `watch` gives CPU seconds by name and is asked at both ends of the measured time, `count`
    gives metrics by name and is asked at both ends of the run."""
    phase, results = multiprocessing.RawValue("i", WARM_UP), multiprocessing.Queue()
    ready, start = multiprocessing.Semaphore(0), multiprocessing.Event()
    processes = [
        multiprocessing.Process(target=client_process, args=(plan, number, phase, ready, start, results), daemon=True)
        for number in range(plan.processes)
    ]

    def used():
        return {**watch(), "load": cpu(*(process.pid for process in processes)), "machine": busy()}

    def growth(before, after):
        return {name: after[name] - before[name] for name in before}

    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    counted = count()
    start.set()
    time.sleep(plan.warm_up)
    before = used()
    phase.value, begin = MEASURED, time.monotonic()
    time.sleep(plan.seconds)
    phase.value, seconds = DRAINING, time.monotonic() - begin
    after = used()
    parts = [results.get() for _ in processes]
    for process in processes:
        process.join()
    for part in parts:
        if part.fault:
            raise SystemExit(part.fault)
    return Outcome(plan, seconds, parts, growth(before, after), growth(counted, count()))
