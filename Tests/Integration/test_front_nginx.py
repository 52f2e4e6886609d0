"""How a node ends behind nginx, which asks nobody: its file says so first."""

import asyncio

import pytest
from harness.front import NODES, Nginx
from harness.nodes import CONFIG, Calls, Talk, all_arrived, comes_on


@pytest.fixture
def nodes(start_cluster, postgres, redis):
    return start_cluster(2, config=CONFIG, store=postgres.url, state=redis.url)


def test_nodes_end_one_after_the_other_and_nobody_is_refused(nodes):
    with Nginx(nodes) as front:

        async def run():
            talks = [Talk(front, f"user{n}", "bob") for n in range(6)]
            calls = [Calls(front, f"caller{n}", "bob") for n in range(2)]
            everybody = [*talks, *calls]
            tasks = [asyncio.create_task(one.run()) for one in everybody]
            await comes_on(everybody)
            for node, address in zip(nodes, NODES):
                await asyncio.to_thread(front.reload, (f"server {address} ", f"server {address} down "))
                # What the old file sent to the node has been answered when all are two calls on.
                await comes_on(calls, 2)
                assert await asyncio.to_thread(node.stop) == 0
                await asyncio.to_thread(node.start)
                await asyncio.to_thread(front.reload)
                await comes_on(everybody)
            for one in everybody:
                one.is_over = True
            await asyncio.gather(*tasks)
            assert all(set(talk.closed) == {1012} for talk in talks)
            assert [talk.refused for talk in talks] == [[]] * 6
            assert [call.failed for call in calls] == [[]] * 2
            await all_arrived(front, "bob", *everybody)

        asyncio.run(run())


def test_a_node_that_ends_unannounced_costs_no_one_more_than_another_try(nodes):
    with Nginx(nodes) as front:

        async def run():
            talks = [Talk(front, f"user{n}", "bob") for n in range(6)]
            calls = Calls(front, "caller", "bob")
            everybody = [*talks, calls]
            tasks = [asyncio.create_task(one.run()) for one in everybody]
            await comes_on(everybody)
            connected = nodes[0].metric("sluice_connections")
            assert await asyncio.to_thread(nodes[0].stop) == 0
            await comes_on(everybody)
            for one in everybody:
                one.is_over = True
            await asyncio.gather(*tasks)
            assert sum(talk.closed[1012] for talk in talks) == connected > 0
            # A request that was on its way to the node when it closed may have got no answer.
            assert set(calls.failed) <= {502}
            await all_arrived(front, "bob", *everybody)

        asyncio.run(run())
