"""The servers that Sluice is measured beside, each of the shape that ``Peer`` says.

``harness`` of the integration tests must be importable.
"""

from .ejabberd import Ejabberd
from .mosquitto import Mosquitto
from .nats import NATS
from .node import Node
from .peer import Peer
from .python_socketio import SocketIO

ALL = {peer.name: peer for peer in (Node, SocketIO, NATS, Ejabberd, Mosquitto)}
__all__ = ["ALL", "Peer"]
