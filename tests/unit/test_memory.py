"""What a process remembers for a while."""

from core.memory import Memory

SECONDS = [0.0]


def memory() -> Memory[str, int]:
    SECONDS[0] = 100.0
    return Memory(2, 5, timer=lambda: SECONDS[0])


def test_a_value_is_believed_for_its_time() -> None:
    known = memory()
    known["a"] = 1

    SECONDS[0] = 104.9
    assert known.get("a") == 1
    SECONDS[0] = 105.0
    assert known.get("a") is None


def test_a_value_that_comes_again_is_believed_anew() -> None:
    known = memory()
    known["a"] = 1
    SECONDS[0] = 104.0

    known["a"] = 2

    SECONDS[0] = 108.9
    assert known.get("a") == 2


def test_the_oldest_gives_way_to_one_too_many() -> None:
    known = memory()
    known["a"], known["b"], known["a"] = 1, 2, 3

    known["c"] = 4

    assert [known.get(key) for key in "abc"] == [3, None, 4]


def test_what_is_forgotten_is_not_believed() -> None:
    known = memory()
    known["a"] = 1

    known.forget("a")
    known.forget("b")

    assert known.get("a") is None
