"""Owns the metrics page: charts of CloudWatch's metrics, and the alarms."""
