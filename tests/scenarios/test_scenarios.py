"""Each scenario brings exactly the alerts that it should, from the simulator to a real Alertmanager."""

import pytest

from exporter.simulator.scenarios import scenario_names
from tests.scenarios.performances import Performances
from tests.scenarios.play import Record
from tests.scenarios.stories import LONG, QUICK, SITES, Story

# at once after a single failed pass, so they are right when the machine is too busy for one
LATE = {"LostOnBattery", "ScrapeDown"}


@pytest.fixture(scope="session")
def record(performances: Performances) -> Record:
    quick, long = performances.quick.result(), performances.long.result()
    for part in ("fired", "seen", "inhibited", "remaining", "texts"):
        getattr(quick, part).update(getattr(long, part))
    quick.missed |= long.missed
    quick.calls += long.calls
    return quick


@pytest.mark.parametrize("story", QUICK + LONG, ids=lambda story: story.device)
class TestStory:
    def test_brings_its_alerts(self, record: Record, story: Story) -> None:
        fired = record.fired[story.device]
        assert sorted(story.fires - fired) == []
        assert not story.any_of or story.any_of & fired
        assert story.fires <= record.seen[story.device], "Alertmanager has seen them too"

    def test_brings_no_others(self, record: Record, story: Story) -> None:
        fired = record.fired[story.device] | record.seen[story.device]
        # one that falls silent has failed passes of its own, and is dark before: it is not lost on battery
        late = LATE if story.device in record.missed and story.heals else set()
        assert sorted(fired - story.fires - story.any_of - set(story.may) - late) == []

    def test_mutes_what_another_alert_says(self, record: Record, story: Story) -> None:
        inhibited = record.inhibited[story.device]
        assert sorted(story.muted - inhibited) == []
        assert sorted(inhibited - story.muted - set(story.may)) == []

    def test_ends_without_alerts(self, record: Record, story: Story) -> None:
        if story.heals:
            assert sorted(record.remaining[story.device]) == []


def test_the_site_has_one_event(record: Record) -> None:
    sites = {story.site for story in QUICK + LONG} | {"everywhere"}
    found = {site: record.fired[site] for site in sites if record.fired[site]}
    assert found == {**SITES, "everywhere": {"Watchdog"}}
    assert not record.inhibited["hall"]
    assert not record.remaining["hall"]


def test_one_outage_of_a_dying_ups_calls_a_person_three_times_in_the_order_of_what_to_do(
    record: Record,
) -> None:
    calls = [call for call in record.calls if "dies-on-battery" in {it.get("device") for it in call.firing}]
    assert [call.group.get("outage") for call in calls] == ["1 on battery", "2 shut down", "3 dark"]


@pytest.mark.parametrize("device", ["bus-cut", "bus-cut-count-stays"])
def test_a_cut_cable_is_told_by_where_to_look(record: Record, device: str) -> None:
    texts = record.texts[device, "ModulesSilent"]
    assert any("16 of 40 modules do not answer: 25–40 (look between 24 and 25)" in text for text in texts), (
        texts
    )


def test_every_scenario_is_played() -> None:
    assert {story.scenario for story in QUICK + LONG} == set(scenario_names()) - {"demo", "year"}
