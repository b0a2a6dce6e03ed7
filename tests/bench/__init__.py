"""`make bench`: what a scrape costs, as ratios to the wire's floor and to a baseline; it asserts nothing.

The devices are a process of their own that answers from memory after a set delay, so that only the exporter's
own work is counted. CPU times are those that the kernel booked on the exporter's process.
"""
