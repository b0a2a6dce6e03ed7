"""The read plan: its laws, against a search that tries everything, and the requests of real devices."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.reading.plan.cover import plan, with_holes
from exporter.reading.plan.spans import Request, Span
from tests.reading.decoding import mapped


def at(*addresses: int, function: int = 3) -> list[Span]:
    return [Span(function, address, 1) for address in addresses]


@pytest.mark.parametrize(
    ("wanted", "readable", "limit", "requests"),
    [
        ([], {}, 125, []),
        (at(7), {}, 125, [(3, 7, 1)]),
        (at(7, 7), {}, 125, [(3, 7, 1)]),
        (at(9, 7, 8), {}, 125, [(3, 7, 3)]),
        # a gap is crossed only where the map calls it readable, all of it
        (at(0, 5), {}, 125, [(3, 0, 1), (3, 5, 1)]),
        (at(0, 5), {3: [(1, 4)]}, 125, [(3, 0, 6)]),
        (at(0, 5), {3: [(1, 3)]}, 125, [(3, 0, 1), (3, 5, 1)]),
        (at(0, 5), {3: [(2, 4)]}, 125, [(3, 0, 1), (3, 5, 1)]),
        (at(0, 5), {4: [(0, 9)]}, 125, [(3, 0, 1), (3, 5, 1)]),
        # not where that saves no request: 0–1 and 9–10 do not fit into one of 8
        (at(0, 1, 9, 10), {3: [(0, 20)]}, 8, [(3, 0, 2), (3, 9, 2)]),
        # two gaps, and only one can be crossed in the end: the smaller one
        (at(0, 4, 6), {3: [(0, 9)]}, 5, [(3, 0, 1), (3, 4, 3)]),
        (at(0, 2, 6), {3: [(0, 9)]}, 5, [(3, 0, 3), (3, 6, 1)]),
        (at(0, 2, 3, 4, 5), {3: [(0, 9)]}, 4, [(3, 0, 1), (3, 2, 4)]),
        # the limit, and a value that would lie across it
        (at(*range(126)), {}, 125, [(3, 0, 125), (3, 125, 1)]),
        (at(*range(101)), {}, 100, [(3, 0, 100), (3, 100, 1)]),
        ([*at(*range(124)), Span(3, 124, 2)], {}, 125, [(3, 0, 124), (3, 124, 2)]),
        ([Span(3, 0, 4), Span(3, 4, 4)], {}, 7, [(3, 0, 4), (3, 4, 4)]),
        # more than 125 is beyond the protocol, whatever is asked for
        (at(*range(130)), {}, 500, [(3, 0, 125), (3, 125, 5)]),
        # bits: 16 to a word, 2000 at most
        (at(*range(2001), function=1), {}, 125, [(1, 0, 2000), (1, 2000, 1)]),
        (at(*range(2001), function=1), {}, 500, [(1, 0, 2000), (1, 2000, 1)]),
        (at(*range(161), function=2), {}, 10, [(2, 0, 160), (2, 160, 1)]),
        # functions are different tables
        ([*at(1, function=4), *at(0), *at(0, function=1)], {}, 125, [(1, 0, 1), (3, 0, 1), (4, 1, 1)]),
        (at(65534, 65535), {}, 125, [(3, 65534, 2)]),
    ],
)  # fmt: skip
def test_requests(wanted, readable, limit, requests):
    found = plan(wanted, readable, limit)
    assert [(request.function, request.address, request.count) for request in found] == list(requests)


def test_words_are_kept_by_function_and_address() -> None:
    span = Span(4, 1000, 2)
    assert [*span.keys()] == [0x0004_03E8, 0x0004_03E9]
    assert [*Span(1, 65535, 1).keys()] == [0x0001_FFFF]
    request = Request.of(span, Span(4, 1003, 1))
    assert (request.function, request.address, request.count, request.end) == (4, 1000, 4, 1004)
    assert [*request.keys()] == [0x0004_03E8, 0x0004_03E9, 0x0004_03EA, 0x0004_03EB]


@pytest.mark.parametrize(
    ("span", "limit", "message"),
    [
        (Span(3, 0, 4), 3, "a value of 4 words does not fit into requests of 3 words"),
        (Span(4, 0, 126), 500, "a value of 126 words does not fit into requests of 125 words"),
    ],
)
def test_value_longer_than_a_request(span, limit, message):
    with pytest.raises(ValueError, match=message):
        plan([span], {}, limit)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Span], list[tuple[int, int]], int]:
    """Some values with gaps between, what may be read besides, and the limit."""
    limit = draw(st.integers(4, 9))
    spans, address = [], draw(st.integers(0, 5))
    for gap, count in draw(
        st.lists(st.tuples(st.integers(0, 4), st.sampled_from([1, 1, 2, 4])), max_size=12)
    ):
        address += gap
        spans.append(Span(3, address, count))
        address += count
    edges = st.tuples(st.integers(0, 60), st.integers(0, 25)).map(lambda pair: (pair[0], sum(pair)))
    return spans, draw(st.lists(edges, max_size=3)), limit


def cheapest(spans: list[Span], readable: list[tuple[int, int]], limit: int) -> tuple[int, int]:
    """(requests, words) of the best of all ways to cut the values into requests."""

    def crossable(left: Span, right: Span) -> bool:
        gap = range(left.end, right.address)
        return not gap or any(low <= gap[0] and gap[-1] <= high for low, high in readable)

    @cache
    def best(first: int) -> tuple[int, int]:
        if first == len(spans):
            return (0, 0)
        ways = []
        for last in range(first, len(spans)):
            if last > first and not crossable(spans[last - 1], spans[last]):
                break
            words = spans[last].end - spans[first].address
            if words > limit:
                break
            requests, more = best(last + 1)
            ways.append((requests + 1, words + more))
        return min(ways)

    return best(0)


@given(problem=problems(), shuffled=st.randoms())
def test_laws(problem, shuffled):
    spans, readable, limit = problem
    mixed = list(spans)
    shuffled.shuffle(mixed)
    requests = plan(mixed, {3: readable}, limit)

    read = [address for request in requests for address in range(request.address, request.end)]
    wanted = {address for span in spans for address in range(span.address, span.end)}
    allowed = wanted | {address for low, high in readable for address in range(low, high + 1)}
    assert len(set(read)) == len(read), "a word is read twice"
    assert wanted <= set(read) <= allowed
    assert [r.address for r in requests] == sorted(r.address for r in requests)
    assert all(0 < request.count <= limit for request in requests)
    for span in spans:
        holders = [r for r in requests if r.address <= span.address and span.end <= r.end]
        assert len(holders) == 1, "a value is split"
    assert (len(requests), len(read)) == cheapest(spans, readable, limit)


@pytest.mark.parametrize(
    ("maps", "counts", "limit", "most"),
    [
        (("ups",), {}, 125, 1),
        (("inform",), {}, 125, 1),
        (("everexceed",), {}, 125, 1),
        (("prof",), {}, 125, 1),
        (("bacs",), {}, 125, 1),
        (("ups", "bacs"), {"strings": 2, "modules": 40}, 125, 4),
        (("ups", "bacs"), {"strings": 10, "modules": 330}, 125, 16),
        (("ups", "bacs"), {"strings": 10, "modules": 330}, 100, 19),
    ],
)
def test_devices_take_few_requests(maps, counts, limit, most):
    device = mapped(*maps)
    requests = plan(device.layout(counts).spans, device.readable, limit)
    assert len(requests) <= most
    assert all(request.count <= limit for request in requests)


@pytest.mark.parametrize(
    ("holes", "readable"),
    [
        ([], [(3, 9)]),
        # a word that the device refuses is not read over, on either side of it
        ([6], [(3, 5), (7, 9)]),
        ([3], [(4, 9)]),
        ([9], [(3, 8)]),
        ([5, 6], [(3, 4), (7, 9)]),
        ([4, 8, 6], [(3, 3), (5, 5), (7, 7), (9, 9)]),
        # one beside the range changes nothing, and makes it no longer
        ([0, 2, 10, 20], [(3, 9)]),
        ([*range(3, 10)], []),
    ],
)
def test_words_that_are_refused_are_not_read_over(holes, readable):
    found = with_holes({3: [(3, 9)], 4: [(3, 9)]}, [(3, hole) for hole in holes])
    assert found == {3: readable, 4: [(3, 9)]}
    assert with_holes({}, [(3, 5)]) == {3: []}


def test_ups_block_is_one_request():
    device = mapped("ups")
    (request,) = plan(device.layout({}).spans, device.readable)
    assert (request.function, request.address, request.count) == (3, 97, 46)


def test_bacs_block_with_two_strings_and_forty_modules():
    device = mapped("bacs")
    requests = plan(device.layout({"strings": 2, "modules": 40}).spans, device.readable)
    # 1000–1005, strings 1010–1018 (the reserved fifth word of a string may be read over), modules 1060–1259
    assert requests[0].address == 1000
    assert requests[-1].end == 1260
    assert len(requests) == 3
