"""The keys shared with the endpoints behind a satellite terminal, from its settings and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo.link import KeyRing, Root, SoftwareKeys
from fenghuo.link.keys import secret_octets
from fenghuo_tiantong.settings import TiantongSettings

__all__ = ["check_keys", "ring_of"]


def ring_of(settings: TiantongSettings, secret: Callable[[str], str]) -> KeyRing:
    """The lanes to the posts. Raises: ConfigError with a sentence: a secret that cannot be used, or keys that cannot be told apart."""
    secrets: dict[str, bytes] = {}
    roots: list[Root] = []
    for name, post in settings.posts.items():
        secrets[name] = secret_octets(secret(post.secret_file), f"posts.{name}")
        head, device = (post.code, settings.code) if post.is_head else (settings.code, post.code)
        roots.append(Root(post.key_id, head, device, name, since=post.since))
    return KeyRing(settings.code, SoftwareKeys(secrets, suite=settings.suite), roots)


def check_keys(settings: TiantongSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse of the keys, by key of the settings."""
    try:
        ring_of(settings, secret)
    except ConfigError as fault:
        return {"posts": f"cannot be used: {fault}"}
    return {}
