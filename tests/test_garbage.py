"""When Python looks for garbage while a configuration is made, and what it looks through afterwards."""

import gc

from exporter.garbage import looks_while_reading, no_looks


def test_there_are_no_looks_but_while_a_file_is_read() -> None:
    with no_looks():
        with no_looks():
            assert not gc.isenabled()
        assert not gc.isenabled()
        with looks_while_reading():
            assert gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_made_meanwhile_is_old_at_once() -> None:
    with no_looks():
        made = [[number] for number in range(5000)]
    old = {id(each) for each in gc.get_objects(generation=2)}
    assert old.issuperset(map(id, made))
