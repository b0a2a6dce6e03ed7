"""From words to readings: the layout of a device, decoding, and the truth rules. Pure."""
