"""What a snapshot means to people; pages, probe, boards and rules agree by it."""
