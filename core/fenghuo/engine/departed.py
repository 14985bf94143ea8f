"""What may have left: the one rule for whose answer counts, who hears of a Cancel or an Update, and what a late word can be about.

An attempt that its channel calls transient or permanent has certainly not left. Every other one may have: it was reached, it is under
way, it is in doubt, or its row is damaged and nobody knows.
Source: delivery.md, T3 and T5; plugins.md, outcomes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from fenghuo.store.store import Store

__all__ = ["MAY_HAVE_LEFT", "that_may_have_left"]

# The words are those of outcome_text().
_NOT_LEFT = "outcome LIKE 'transient %' OR outcome LIKE 'permanent %'"
MAY_HAVE_LEFT = f"tries > (SELECT COUNT(*) FROM attempt WHERE attempt.delivery = delivery.id AND ({_NOT_LEFT}))"
"""A condition on a row of `delivery`."""


async def that_may_have_left(store: Store, deliveries: Iterable[int]) -> frozenset[int]:
    """Those of these deliveries of which something may have left. begin() commits before the first octet, so no answer is faster."""
    asked = json.dumps(sorted(deliveries))
    left = f"SELECT id FROM delivery WHERE id IN (SELECT value FROM json_each(?)) AND {MAY_HAVE_LEFT}"
    return frozenset(json.loads(str(await store.scalar(f"SELECT json_group_array(id) FROM ({left})", asked))))
