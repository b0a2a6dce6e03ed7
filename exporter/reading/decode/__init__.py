"""From words to readings, in this order. Pure: the same words give the same result.

`device_map` holds the words of one device, and `layout_maker` lays them out in a `layout`. `decode` turns
what was read into `series` with values, column by column (`columns`), by the rules of `truth`. A `snapshot`
is what one pass found out.
"""

__all__ = ["decode", "device_map", "layout", "series", "snapshot", "truth"]
