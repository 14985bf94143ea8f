"""Power cuts: what the engine promised is checked after a cut at every disk operation, inside recovery too.

The contract stands in docs/reliability.md. Needs apsw, which is no part of the product.
"""

from __future__ import annotations

__all__: list[str] = []
