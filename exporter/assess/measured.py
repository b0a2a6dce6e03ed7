"""What no single flag says of a device: the answers of each pass, so that pages know since when. Pure."""

from exporter.assess.facts import Facts
from exporter.reading.decode.snapshot import Snapshot


def measured(snapshot: Snapshot) -> dict[str, bool]:
    """The answers to questions of outcomes.Evidence by their names, without those that the pass left open."""
    facts = Facts(snapshot)
    found = {"unreachable": facts.unreachable}
    if facts.unreachable:
        return found
    found |= {
        "all_zero": facts.all_zero,
        "ups_lost": facts.ups_not_valid,
        "ups_unread": facts.ups_unread,
        "bacs_untrusted": facts.bacs_untrusted,
        "bacs_unread": facts.bacs_unread,
    }
    if not facts.ups_not_valid and not facts.ups_unread:
        found |= {"map_in_doubt": facts.map_in_doubt, "no_output": facts.no_output}
    return found
