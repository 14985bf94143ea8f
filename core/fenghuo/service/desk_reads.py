"""What the duty officer's screens are made of, put together: board, map, matrix, recipients, and what looks for something."""

from __future__ import annotations

from collections.abc import Mapping

from fenghuo.service.desk import Desk, Verb
from fenghuo.service.desk_board import BoardVerbs
from fenghuo.service.desk_find import FindVerbs
from fenghuo.service.desk_layers import LayerVerbs
from fenghuo.service.desk_map import MapVerbs
from fenghuo.service.desk_matrix import MatrixVerbs
from fenghuo.service.desk_recipients import RecipientVerbs
from fenghuo.service.desk_system import SystemVerbs
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.service.layers import LayerKeeper
from fenghuo.store.store import Store

__all__ = ["screen_reads"]


def screen_reads(desk: Desk, room: EngineRoom, store: Store, keeper: InventoryKeeper) -> Mapping[str, Verb]:
    """Their verbs; of them only those that import or drop a layer of boundaries change anything."""
    layers = LayerKeeper(store, room.office)
    clock = room.office.clock
    parts = (
        *(BoardVerbs(desk, room, store), MatrixVerbs(room, store, keeper), MapVerbs(room, store, layers), LayerVerbs(layers, clock)),
        *(FindVerbs(store), RecipientVerbs(room, store), SystemVerbs(store, clock)),
    )
    return {name: verb for part in parts for name, verb in part.verbs().items()}
