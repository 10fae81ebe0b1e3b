"""What the emulator lacks, supplied by one small process that speaks the AWS APIs and does nothing else.

The functions' EMF lines and REPORT lines become metrics, the queues' attributes become metrics, trace segments can be
sent and asked for, and what the alerts topic sends can be read as files. Alarms stay the emulator's own.
"""

from cdk.local.sidecar.lifecycle import Sidecar, SidecarError

__all__ = ["Sidecar", "SidecarError"]
