"""What HAProxy does with a node that is to end: it asks it, and leaves it alone in time."""

import asyncio

import pytest
from harness.front import HAProxy
from harness.nodes import CONFIG, Calls, Talk, all_arrived, comes_on
from harness.wait import comes

LEAD = ("drain_lead: 0s", "drain_lead: 3s")
# Those who call here come from one address.
RATE = ("conn_rate gt 500", "conn_rate gt 100000")
CHECKS = ("inter 1s fall 2 rise 2", "inter 200ms fall 2 rise 2")


@pytest.fixture
def nodes(start_cluster, postgres, redis):
    assert LEAD[0] in CONFIG
    return start_cluster(2, config=CONFIG.replace(*LEAD), store=postgres.url, state=redis.url)


def serving(front):
    """Whether each node gets clients."""
    lines = front.ask("show stat nodes 4 -1").splitlines()
    return [line.split(",")[17] == "UP" for line in lines if line.startswith("nodes,")]


def test_nodes_end_one_after_the_other_and_nobody_is_refused(nodes):
    with HAProxy(nodes, CHECKS, RATE) as front:

        async def run():
            talks = [Talk(front, f"user{n}", "bob") for n in range(6)]
            calls = [Calls(front, f"caller{n}", "bob") for n in range(2)]
            everybody = [*talks, *calls]
            tasks = [asyncio.create_task(one.run()) for one in everybody]
            await comes_on(everybody)
            for index, node in enumerate(nodes):
                connected = node.metric("sluice_connections")
                ending = asyncio.create_task(asyncio.to_thread(node.stop))
                await comes(lambda: not serving(front)[index], "the node is left alone")
                # It has sent nobody away yet.
                assert node.metric("sluice_connections") == connected > 0
                assert await ending == 0
                await asyncio.to_thread(node.start)
                await comes(lambda: serving(front) == [True, True], "both nodes get clients")
                await comes_on(everybody)
            for one in everybody:
                one.is_over = True
            await asyncio.gather(*tasks)
            assert all(set(talk.closed) == {1012} for talk in talks)
            assert [talk.refused for talk in talks] == [[]] * 6
            assert [call.failed for call in calls] == [[]] * 2
            await all_arrived(front, "bob", *everybody)

        asyncio.run(run())


def test_nodes_get_clients_while_store_and_state_are_away(start_cluster, own_postgres, own_redis):
    """To take all nodes away for what ails all of them would end what still works."""
    postgres, redis = own_postgres(), own_redis()
    nodes = start_cluster(2, config=CONFIG, store=postgres.url(postgres.database()), state=redis.url)
    # The second asks what it should not, and shows when there has been time to see the answer.
    with HAProxy(nodes, CHECKS) as front, HAProxy(nodes, CHECKS, ("uri /openz", "uri /readyz")) as strict:

        async def run():
            async with front.client("ada") as ada:
                redis.kill()
                postgres.kill()
                await comes(lambda: serving(strict) == [False, False], "both nodes are taken away")
                assert serving(front) == [True, True]
                assert (await ada.ask("PING"))["type"] == "PONG"
                async with front.client("bob") as bob:
                    assert (await bob.ask("PING"))["type"] == "PONG"

        asyncio.run(run())
