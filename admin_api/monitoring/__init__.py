"""Owns the readers of CloudWatch and X-Ray: metrics, alarms, log lines, traces; and links into the AWS console."""
