"""The alerts and dashboards, held to the metrics that operator and registries really have."""
