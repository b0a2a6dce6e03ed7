"""The commands of `generex-exporter`, one module each: `add_arguments(parser)` and `run(args) -> exit code`."""
