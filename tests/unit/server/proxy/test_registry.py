"""Finding and ending open exchanges by tag."""

from server.proxy.registry import Registry


class Entry:
    def __init__(self, registry=None):
        self.closed = []
        self.registry = registry

    def close(self, code, reason):
        self.closed.append((code, reason))
        if self.registry:
            self.registry.discard(self)


def test_entries_are_counted_and_closed_by_tag():
    registry = Registry()
    alice, bob = Entry(), Entry()
    registry.add(alice, frozenset({"viewer:a", "content:x"}))
    registry.add(bob, frozenset({"viewer:b", "content:x"}))
    assert (registry.count("content:x"), registry.count("viewer:a"), registry.count("viewer:c")) == (2, 1, 0)
    assert registry.close("viewer:a", 1008, "signed out") == 1
    assert (alice.closed, bob.closed) == ([(1008, "signed out")], [])
    assert registry.close("viewer:c", 1008, "") == 0


def test_an_entry_may_leave_while_it_is_closed():
    registry = Registry()
    for _ in range(3):
        registry.add(Entry(registry), frozenset({"content:x"}))
    assert registry.close("content:x", 4401, "gone") == 3
    assert len(registry) == 0


def test_nothing_is_left_of_a_discarded_entry():
    registry = Registry()
    entry = Entry()
    registry.add(entry, frozenset({"a", "b"}))
    registry.discard(entry)
    registry.discard(entry)
    assert (len(registry), registry.count("a"), registry._entries) == (0, 0, {})
