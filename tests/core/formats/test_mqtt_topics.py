"""Topics over MQTT, and who may be told apart by them."""

from __future__ import annotations

from fenghuo.formats.mqtt_topics import Topics, is_name


def test_the_last_level_says_who_it_is_from() -> None:
    """Only our own topics, and only below the three words that devices write to."""
    topics = Topics("fenghuo/hq")
    assert ("receipt", "van1") == topics.told_apart("fenghuo/hq/receipt/van1")
    others = ("fenghuo/hq/out/van1", "fenghuo/van/receipt/van1", "fenghuo/hq/receipt/a/b", "fenghuo/hq/receipt/", "receipt/van1", "")
    assert [None] * len(others) == [topics.told_apart(topic) for topic in others]


def test_reports_are_listened_for_where_they_are_taken() -> None:
    """ "off" subscribes to no reports at all."""
    topics = Topics("fenghuo/hq")
    assert "fenghuo/hq/in/+" in topics.listening(reports=True)
    assert "fenghuo/hq/in/+" not in topics.listening(reports=False)


def test_where_no_reports_are_taken_their_topic_is_none_of_ours() -> None:
    """A session of before may have left its subscription at the broker."""
    topics = Topics("fenghuo/hq")
    assert (("in", "van1"), None) == tuple(topics.told_apart("fenghuo/hq/in/van1", reports=taken) for taken in (True, False))


def test_a_name_is_one_level_of_a_topic() -> None:
    """Octets count, not characters."""
    names = {"van1": True, "汛" * 21: True, "汛" * 22: False, "a/b": False, "$SYS": False, "a+": False, "": False, "a b": False}
    assert names == {text: is_name(text) for text in names}
