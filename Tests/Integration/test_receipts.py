"""Who has received and read what: one message, several, or a conversation up to one."""

import asyncio

import pytest
from harness.client import connect
from test_api import API


async def write(client, receiver, count):
    return [(await client.say(receiver, str(n), f"{receiver}{n}"))["data"]["messageId"] for n in range(count)]


def updates(events, type):
    return [e["data"]["messageId"] for e in events if e["type"] == type]


def test_a_read_reaches_the_devices_of_both(daemon):
    async def run():
        async with (
            connect(daemon, "alice") as alice, connect(daemon, "alice") as tablet,
            connect(daemon, "bob") as bob, connect(daemon, "bob") as phone, connect(daemon, "eve") as eve,
        ):
            (sent,) = await write(alice, "bob", 1)
            answer = await bob.ask("MESSAGE_READ", {"messageId": sent})
            assert answer["data"]["readerId"] == "bob" and answer["data"]["version"] == 2
            for device in (alice, tablet, phone):
                assert await device.expect("MESSAGE_READ_UPDATE") == answer["data"]
            for device in (alice, tablet, bob, phone, eve):
                assert updates(await device.settle(), "MESSAGE_READ_UPDATE") == []

    asyncio.run(run())


def test_a_delivery_reaches_the_devices_of_the_sender(daemon):
    async def run():
        async with (
            connect(daemon, "alice") as alice, connect(daemon, "alice") as tablet,
            connect(daemon, "bob") as bob, connect(daemon, "bob") as phone,
        ):
            (sent,) = await write(alice, "bob", 1)
            answer = await bob.ask("MESSAGE_DELIVERED", {"messageId": sent})
            for device in (alice, tablet):
                assert await device.expect("MESSAGE_DELIVERED_UPDATE") == answer["data"]
            assert updates(await phone.settle(), "MESSAGE_DELIVERED_UPDATE") == []

    asyncio.run(run())


@pytest.mark.parametrize(("type", "time"), [("MESSAGE_READ", "readAt"), ("MESSAGE_DELIVERED", "deliveredAt")])
def test_the_first_time_stays(daemon, type, time):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            (sent,) = await write(alice, "bob", 1)
            first = await bob.ask(type, {"messageId": sent})
            cursor = (await bob.ask("PING"))["data"]["cursor"]
            await alice.expect(f"{type}_UPDATE")
            await alice.settle()
            again = await bob.ask(type, {"messageId": sent})
            assert again["type"] == first["type"] and again["data"] == first["data"]
            # Nothing has changed, so nobody is told and a sync shows nothing new: it may repeat.
            assert await alice.settle() == [] and all(m["version"] == 2 for m in (await bob.sync(cursor))[0])
            (message,) = (await bob.sync())[0]
            assert message[time] == first["data"][time] and message["version"] == 2

    asyncio.run(run())


def test_read_after_delivered_keeps_both_times(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            (sent,) = await write(alice, "bob", 1)
            delivered = (await bob.ask("MESSAGE_DELIVERED", {"messageId": sent}))["data"]["deliveredAt"]
            read = (await bob.ask("MESSAGE_READ", {"messageId": sent}))["data"]["readAt"]
            late = await bob.ask("MESSAGE_DELIVERED", {"messageId": sent})
            assert late["data"]["deliveredAt"] == delivered
            (message,) = (await alice.sync())[0]
            assert (message["deliveredAt"], message["readAt"], message["version"]) == (delivered, read, 3)

    asyncio.run(run())


def test_up_to_one_means_that_conversation_up_to_it(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "carol") as carol, connect(daemon, "bob") as bob:
            own = (await bob.say("alice", "mine", "t"))["data"]["messageId"]
            ids = await write(alice, "bob", 5)
            await write(carol, "bob", 2)
            await bob.settle()
            answer = await bob.ask("MESSAGE_READ", {"upTo": ids[3]})
            assert answer["data"]["messageId"] == ids[3]
            assert updates(await alice.collect("MESSAGE_READ_UPDATE", 4), "MESSAGE_READ_UPDATE") == ids[:4]
            assert updates(await bob.collect("MESSAGE_READ_UPDATE", 3), "MESSAGE_READ_UPDATE") == ids[:3]
            assert updates(await carol.settle(), "MESSAGE_READ_UPDATE") == []
            assert {m["messageId"] for m in (await bob.sync())[0] if "readAt" in m} == set(ids[:4])
            assert (await bob.ask("MESSAGE_READ", {"upTo": own}))["data"]["code"] == "FORBIDDEN"
            assert (await carol.ask("MESSAGE_READ", {"upTo": ids[0]}))["data"]["code"] == "NOT_FOUND"

    asyncio.run(run())


def test_a_list_has_at_most_100_and_one_wrong_id_changes_nothing(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            ids = await write(alice, "bob", 101)
            for data, code in [
                ({"messageIds": ids}, "PAYLOAD_TOO_LARGE"), ({"messageIds": []}, "INVALID_EVENT"),
                ({"messageIds": ids[0]}, "INVALID_EVENT"), ({"messageIds": [1]}, "INVALID_EVENT"),
                ({"messageId": ids[0], "upTo": ids[0]}, "INVALID_EVENT"),
                ({"messageIds": [ids[0], "msg_0000000000000"]}, "NOT_FOUND"),
            ]:
                answer = await bob.ask("MESSAGE_READ", data)
                assert answer["data"].get("code") == code, answer
            assert not [m for m in (await alice.sync())[0] if "readAt" in m]
            await bob.settle()
            await bob.ask("MESSAGE_READ", {"messageIds": ids[:100]})
            # The last is the answer, and the others come before it.
            assert updates(await bob.collect("MESSAGE_READ_UPDATE", 99), "MESSAGE_READ_UPDATE") == ids[:99]
            assert updates(await alice.collect("MESSAGE_READ_UPDATE", 100), "MESSAGE_READ_UPDATE") == ids[:100]

    asyncio.run(run())


def test_each_id_of_a_list_is_counted_by_the_rate_limit(start):
    daemon = start(rate="1/m", burst="20")

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            ids = await write(alice, "bob", 10)
            # Connecting was one of twenty, ten are left after this and one is too few.
            await bob.ask("MESSAGE_READ", {"messageIds": ids[:9]})
            answer = await bob.ask("MESSAGE_READ", {"messageIds": ids * 2})
            assert answer["data"]["code"] == "RATE_LIMITED"
            assert (await bob.ask("MESSAGE_READ", {"messageIds": ids}))["type"] == "MESSAGE_READ_UPDATE"

    asyncio.run(run())


def test_over_http_the_last_is_the_answer(daemon):
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    ids = [alice.say("bob", str(n), str(n))["data"]["messageId"] for n in range(3)]
    event = {"type": "MESSAGE_READ", "data": {"messageIds": ids}, "id": "r"}
    answer = bob.post("/events", event)
    assert answer["data"]["messageId"] == ids[2] and answer["ref"] == "r"
    assert all("readAt" in m for m in alice.get("/messages/sync")["messages"])


def test_who_writes_to_themselves_may_read_it(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "alice") as tablet:
            (sent,) = await write(alice, "alice", 1)
            assert (await tablet.expect("NEW_MESSAGE"))["messageId"] == sent
            assert (await alice.ask("MESSAGE_READ", {"messageId": sent}))["type"] == "MESSAGE_READ_UPDATE"
            assert (await tablet.expect("MESSAGE_READ_UPDATE"))["messageId"] == sent
            assert await tablet.settle() == [] and len((await alice.sync())[0]) == 1

    asyncio.run(run())
