"""The one door to grafana-foundation-sdk, an optional extra. Importing this raises UserError without it."""

import warnings

from exporter.errors import UserError

try:
    with warnings.catch_warnings():
        # says in passing that it prefers the v2 schema, which Grafana before 12 does not read
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.builders import (
            common,
            dashboard,
            heatmap,
            prometheus,
            stat,
            statetimeline,
            table,
            timeseries,
        )
        from grafana_foundation_sdk.cog.builder import Builder
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.models import common as common_models
        from grafana_foundation_sdk.models import dashboard as models
        from grafana_foundation_sdk.models import heatmap as heatmap_models
        from grafana_foundation_sdk.models import prometheus as prometheus_models
except ImportError as error:
    raise UserError(
        f"generate dashboards needs grafana-foundation-sdk 0.0.21 ({error}): "
        "in a checkout, pip install '.[dashboards]' installs it"
    ) from None

__all__ = [
    "Builder",
    "JSONEncoder",
    "common",
    "common_models",
    "dashboard",
    "heatmap",
    "heatmap_models",
    "models",
    "prometheus",
    "prometheus_models",
    "stat",
    "statetimeline",
    "table",
    "timeseries",
]
