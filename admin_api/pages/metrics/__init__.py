"""The metrics: charts of CloudWatch's figures, and the alarms."""
