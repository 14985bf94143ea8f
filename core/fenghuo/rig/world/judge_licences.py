"""Judges the licences themselves, to the moment: what each was guarded by was so when it was committed, whoever asked for it and when.

A timer ends almost everything in time, and hides a guard that is gone; so nothing here is allowed any slack.
Source: delivery.md, T3: latest revision, not expired, current epoch. (Traffic is judged by what left.)
"""

from __future__ import annotations

from collections.abc import Iterator

from fenghuo.rig.world.judged_log import Log

__all__ = ["none_is_given_after_its_end", "none_is_given_for_what_is_over", "none_is_given_without_the_command"]

ROUNDING_S = 1e-5


def none_is_given_after_its_end(log: Log) -> Iterator[str]:
    """By the clock of the daemon, which is what its guard goes by; what that clock says is judged by I4."""
    for licence, origin in log.licensed:
        letter, body = log.letter(origin), licence.event.body
        late_s = licence.event.at - letter.expires_at if letter is not None else 0.0
        if letter is not None and late_s > ROUNDING_S:
            yield f"{letter.tag} was licensed over {body['channel']}, attempt {body['n']}, {late_s:.3f} s after it had expired"


def none_is_given_for_what_is_over(log: Log) -> Iterator[str]:
    """In the order of the store: the Update or Cancel had been committed before."""
    for licence, origin in log.licensed:
        body, since = licence.event.body, log.ended.get((origin.message, origin.revision))
        if since is not None and since < licence.event.seq:
            yield f"{origin.message} revision {origin.revision} was licensed over {body['channel']}, attempt {body['n']}, after it was over"


def none_is_given_without_the_command(log: Log) -> Iterator[str]:
    """Whoever has lost the command emits nothing more, but by a licence of before."""
    taken = [(entry.event.seq, int(str(entry.event.body["epoch"]))) for _, entry in log.told_of("command.taken")]
    seqs = {(str(entry.event.body["token"]), entry.event.body["n"]): entry.event.seq for entry, _ in log.licensed}
    for _, air in log.aired:
        current = max((epoch for seq, epoch in taken if seq < seqs.get((air.token, air.n), 0)), default=1)
        if log.epochs[air.life] < current:
            held = log.epochs[air.life]
            yield f"at {air.at:.3f} s {air.token}/{air.n} left over {air.channel} in epoch {held}, and epoch {current} had begun"
