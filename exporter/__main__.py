"""`python -m exporter` is the command `generex-exporter`."""

import sys

from exporter.cli import main

sys.exit(main())
