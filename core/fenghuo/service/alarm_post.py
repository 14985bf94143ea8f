"""One POST to whoever is told of alarms: with a deadline, no redirect, no proxy. Imported with the first alarm: an HTTP client is 0.1 s."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

import aiohttp

from fenghuo.errors import LinkBroken, LinkTimeout
from fenghuo.service.settings_values import AlarmHookSettings

__all__ = ["post"]

LIMIT_S = 10.0
"""For all of it: name, connection, answer."""


async def post(settings: AlarmHookSettings, body: bytes, headers: Mapping[str, str]) -> None:
    """Return when it was taken: 2xx. Raises: LinkTimeout, LinkBroken: it was not, or nobody knows."""
    trust: ssl.SSLContext | bool = True
    try:
        if settings.ca_file is not None:
            trust = await asyncio.to_thread(ssl.create_default_context, cafile=str(settings.ca_file))
        async with (
            asyncio.timeout(LIMIT_S),
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(settings.url, data=body, headers=headers, allow_redirects=False, ssl=trust) as answer,
        ):
            status = answer.status
    except TimeoutError as exc:
        raise LinkTimeout(f"no answer within {LIMIT_S:g} s") from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise LinkBroken(f"{type(exc).__name__}: {exc}"[:200]) from exc
    if not 200 <= status < 300:
        raise LinkBroken(f"it answered {status}")
