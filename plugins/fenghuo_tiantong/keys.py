"""The keys shared with the endpoints behind a satellite terminal, from its settings and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo.link import KeyRing, Root, SoftwareKeys
from fenghuo.link.keys import claims_of, secret_octets
from fenghuo_tiantong.settings import TiantongSettings

__all__ = ["check_keys", "claims", "ring_of"]


def ring_of(settings: TiantongSettings, secret: Callable[[str], str]) -> KeyRing:
    """The lanes to the posts. Raises: ConfigError with a sentence: a secret that cannot be used, or keys that cannot be told apart."""
    roots: list[Root] = []
    for name, post in settings.posts.items():
        head, device = (post.code, settings.code) if post.is_head else (settings.code, post.code)
        roots.append(Root(post.key_id, head, device, f"posts.{name}", since=post.since))
    return KeyRing(settings.code, SoftwareKeys(_secrets(settings, secret), suite=settings.suite), roots)


def claims(settings: TiantongSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """The keys, which no second channel of this node may have. Raises: ConfigError."""
    return claims_of(_secrets(settings, secret))


def _secrets(settings: TiantongSettings, secret: Callable[[str], str]) -> dict[str, bytes]:
    return {f"posts.{name}": secret_octets(secret(post.secret_file), f"posts.{name}") for name, post in settings.posts.items()}


def check_keys(settings: TiantongSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse of the keys, by key of the settings."""
    try:
        ring_of(settings, secret)
    except ConfigError as fault:
        return {"posts": f"cannot be used: {fault}"}
    return {}
