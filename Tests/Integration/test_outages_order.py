"""Who has a device connect while something is away is told of a sender's messages in their order, also when what came before
is found only later."""

import asyncio

from harness.client import connect


def contents(events):
    return [event["data"]["content"] for event in events if event["type"] == "NEW_MESSAGE"]


async def meet(sender, receiver, name):
    """Has the nodes of two clients hear of each other, and read the feed: from then on they tell at once what comes."""
    assert (await sender.say(name, "hi", "hi"))["type"] == "MESSAGE_SENT"
    assert (await receiver.expect("NEW_MESSAGE"))["content"] == "hi"
    # Nodes that have just met hold back what comes, and tell in order whatever else is wrong; nothing shows when that is over.
    await asyncio.sleep(1.5)


async def told(client, last, seconds=10):
    """What a client was told of new messages until it has been told of the last one, and for a while after that: as long as a
    node may take to find the others in the feed."""
    events, client.kept = client.kept, []
    while last not in contents(events):
        events.append(await client.receive(seconds))
    try:
        async with asyncio.timeout(4):
            while True:
                events.append(await client.receive(seconds))
    except TimeoutError:
        return contents(events)


def test_who_connects_to_a_node_that_can_not_reach_postgresql(start_cluster, postgres, redis, proxy):
    """What was stored before they came is behind the place in the feed that the node knew last."""
    network = proxy(postgres.server.port)
    ways = [postgres.url, postgres.server.url(postgres.name, network.port)]
    one, two = start_cluster(2, store=lambda index: ways[index], state=redis.url)

    async def run():
        async with connect(one, "ann") as ann, connect(two, "cat") as cat:
            await meet(ann, cat, "cat")
            await asyncio.to_thread(network.blackhole)
            assert (await ann.say("ben", "before", "1"))["type"] == "MESSAGE_SENT"
            async with connect(two, "ben") as ben:
                for number, words in enumerate(("one", "two")):
                    assert (await ann.say("ben", words, f"live-{number}"))["type"] == "MESSAGE_SENT"
                # Time for them to be told too early, and no cursor may be ahead of what one is told late.
                await asyncio.sleep(0.5)
                cursor = (await ben.ask("PING"))["data"]["cursor"]
                await asyncio.to_thread(network.heal)
                heard = await told(ben, "two")
                assert [words for words in heard if words != "before"] == ["one", "two"]
                assert heard in (["before", "one", "two"], ["one", "two"])
                messages, _ = await ben.sync(cursor)
                assert {"one", "two"} <= {message["content"] for message in messages}
                # From then on nothing is held back.
                assert (await ann.say("ben", "three", "live-3"))["type"] == "MESSAGE_SENT"
                assert (await ben.expect("NEW_MESSAGE", 0.5))["content"] == "three"

    asyncio.run(run())


def test_who_connects_when_redis_has_lost_the_other_devices_of_the_user(start_cluster, postgres, own_redis):
    """Until a node has written anew whom it holds, others send it nothing for them, and it must not take what comes then for
    all that there was."""
    redis = own_redis()
    one, two = start_cluster(2, store=postgres.url, state=redis.url_of(0))

    async def run():
        async with connect(one, "ann") as ann, connect(two, "ben") as ben:
            await meet(ann, ben, "ben")
            await asyncio.to_thread(redis.flush)
            assert (await ann.say("ben", "unsent", "1"))["type"] == "MESSAGE_SENT"
            async with connect(two, "ben") as other:
                assert (await ann.say("ben", "sent", "2"))["type"] == "MESSAGE_SENT"
                assert await told(ben, "sent") == ["unsent", "sent"]

    asyncio.run(run())
