"""What protocol and README promise: nothing lost, nothing doubled, in order, nothing missed, bounded."""

import asyncio
import json

import websockets
from harness.client import RawSocket, connect


def test_kill_9_under_load_loses_and_doubles_nothing_that_was_acknowledged(daemon):
    acked = {}

    async def pump(user):
        acked[user] = []
        try:
            async with connect(daemon, user) as client:
                for batch in range(10_000):
                    for number in range(20):
                        temp_id = f"{batch}-{number}"
                        await client.send(
                            "NEW_MESSAGE", {"tempId": temp_id, "receiverId": "r", "content": f"{user} {temp_id}"}
                        )
                    for _ in range(20):
                        acked[user].append((await client.expect("MESSAGE_SENT"))["messageId"])
        except (websockets.ConnectionClosed, OSError):
            pass

    async def load():
        pumps = [asyncio.create_task(pump(f"u{index}")) for index in range(4)]
        while sum(map(len, acked.values())) < 2000:
            await asyncio.wait(pumps, timeout=0.01)
        daemon.kill()
        await asyncio.gather(*pumps)

    async def look():
        async with connect(daemon, "r") as reader:
            messages, _ = await reader.sync()
            ids = [m["messageId"] for m in messages]
            assert len(ids) == len(set(ids))
            for user, own in acked.items():
                stored = [m for m in messages if m["senderId"] == user]
                assert [m["messageId"] for m in stored][: len(own)] == own
                sent = [m["content"] for m in stored]
                assert len(set(sent)) == len(sent)
        async with connect(daemon, "u0") as sender:
            again = await sender.say("r", "u0 0-0", "0-0")
            assert again["data"]["duplicate"] and again["data"]["messageId"] == acked["u0"][0]

    asyncio.run(load())
    daemon.start()
    asyncio.run(look())


def same_send_from_50_connections(daemon):
    async def send():
        async with connect(daemon, "bob") as bob:

            async def one():
                async with connect(daemon, "alice") as alice:
                    return (await alice.say("bob", "once", "same"))["data"]

            answers = await asyncio.gather(*(one() for _ in range(50)))
            assert len({a["messageId"] for a in answers}) == 1
            assert sum(not a.get("duplicate", False) for a in answers) == 1
            assert len([e for e in await bob.collect("NEW_MESSAGE", 1) if e["type"] == "NEW_MESSAGE"]) == 1
            assert len((await bob.sync())[0]) == 1
        async with connect(daemon, "alice") as alice:
            other = await alice.say("bob", "another body", "same")
            assert other["data"]["code"] == "INVALID_EVENT" and other["data"]["tempId"] == "same"

    asyncio.run(send())


def test_the_same_send_from_50_connections_is_one_message(start):
    same_send_from_50_connections(start(limits="max_connections_per_user: 100"))


def test_the_same_send_is_one_message_without_the_dedup_stage_too(start):
    same_send_from_50_connections(start(limits="max_connections_per_user: 100", dedup="false"))


def test_a_reader_who_polls_the_cursor_under_8_writers_misses_nothing(daemon):
    async def run():
        async def write(user):
            async with connect(daemon, user) as client:
                for number in range(100):
                    await client.say("r", f"{user}-{number}", f"{number}")

        async with connect(daemon, "r") as reader:
            writers = asyncio.gather(*(write(f"w{index}") for index in range(8)))
            seen, cursor = {}, None
            while True:
                done = writers.done()
                messages, cursor = await reader.sync(cursor, limit=20)
                # A page may repeat what the last one had.
                seen |= {m["messageId"]: m["content"] for m in messages}
                if done:
                    break
            await writers
            assert sorted(seen.values()) == sorted(f"w{w}-{n}" for w in range(8) for n in range(100))

    asyncio.run(run())


def test_500_pipelined_messages_are_answered_stored_and_delivered_in_order_in_few_commits(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            await alice.settle()
            before = daemon.metric("sluice_store_commits_total")
            names = [f"{number}" for number in range(500)]
            for name in names:
                await alice.send("NEW_MESSAGE", {"tempId": name, "receiverId": "bob", "content": name}, name)
            refs = [(await alice.receive())["ref"] for _ in names]
            assert refs == names
            assert [m["content"] for m in (await bob.sync())[0]] == names
            delivered = [e["data"]["content"] for e in await bob.collect("NEW_MESSAGE", 500) if e["type"] == "NEW_MESSAGE"]
            assert delivered == names
            assert daemon.metric("sluice_store_commits_total") - before <= 100

    asyncio.run(run())


def test_answers_come_in_the_order_of_the_events_whatever_becomes_of_them(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            kinds = []
            for number in range(60):
                kind = ("PING", "NEW_MESSAGE", "NO_SUCH", "SYNC", "broken")[number % 5]
                if kind == "broken":
                    await alice.socket.send("{")
                else:
                    data = {"tempId": f"{number}", "receiverId": "bob", "content": "x"}
                    await alice.send(kind, data if kind == "NEW_MESSAGE" else {}, number)
                kinds.append(kind)
            answers = [await alice.receive() for _ in kinds]
            expected = {"PING": "PONG", "NEW_MESSAGE": "MESSAGE_SENT", "SYNC": "SYNC_RESULT"}
            assert [a["type"] for a in answers] == [expected.get(kind, "ERROR") for kind in kinds]
            refs = [None if kind == "broken" else number for number, kind in enumerate(kinds)]
            assert [a.get("ref") for a in answers] == refs

    asyncio.run(run())


def test_a_client_that_never_reads_costs_bounded_memory_and_disturbs_nobody(start):
    daemon = start(limits="outbound_buffer: 256KiB")
    silent = RawSocket(daemon, "silent", buffer=4096)

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            before = daemon.memory()
            content = "x" * 16_000
            for number in range(1500):
                await alice.send("NEW_MESSAGE", {"tempId": f"{number}", "receiverId": "silent", "content": content})
                if number % 50 == 49:
                    for _ in range(50):
                        await alice.expect("MESSAGE_SENT")
                    assert (await bob.ask("PING"))["type"] == "PONG"
            # 24 MB were sent to who reads nothing.
            assert daemon.memory() - before < 20_000_000
            assert daemon.metric('sluice_closes_total{code="4408"}') == 1

    asyncio.run(run())
    silent.socket.close()


def test_everything_acknowledged_is_there_after_an_orderly_end_and_clients_are_told_to_come_back(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            sent = await alice.say("bob", "last words", "t1")
            end = asyncio.get_running_loop().run_in_executor(None, daemon.stop)
            try:
                while True:
                    await alice.receive()
            except websockets.ConnectionClosed as closed:
                assert closed.rcvd.code == 1012
            assert await end == 0
            return sent["data"]["messageId"]

    message_id = asyncio.run(run())
    daemon.start()

    async def look():
        async with connect(daemon, "bob") as bob:
            assert [m["messageId"] for m in (await bob.sync())[0]] == [message_id]

    asyncio.run(look())
    assert json.loads(daemon.get("/pipeline", port=daemon.admin).text)["revision"] == 1
