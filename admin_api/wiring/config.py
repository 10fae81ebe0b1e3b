"""The console's settings: the one place that reads its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.wiring.environment import BaseUrl, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of the console and its worker; each field is an environment variable, in upper case."""

    bucket_name: str
    orders_table: str
    files_table: str
    queue_url: str
    dead_letter_queue_url: str
    alerts_topic_arn: str
    environment: str
    temporary_names: tuple[str, ...]
    """Patterns of names, with asterisks, that clients give a file while they write it: left alone."""
    order_indexes: tuple[str, ...]
    max_file_bytes: int
    """Larger uploads are refused by S3 itself."""
    console_url: BaseUrl
    """The console's own address, to which the sign-in leads back."""
    user_pool_id: str
    client_id: str
    """The user pool's client for browsers."""
    scripts_client_id: str
    """The user pool's client for scripts, which sign in by password and bring an ID token."""
    session_secret_arn: str
    console_function: str
    worker_function: str
    """Carries out actions on many things, which take longer than a request may."""
    processor_function: str
    processor_log_group: str
    dashboard_url: str
    """The dashboard's address or, where there is none, the alarms'."""
    monitoring: str
    """How much CloudWatch keeps; see :func:`processor.observability.metrics.kept_metrics`."""
    default_encoding: str
    """The encoding of uploads that declare none."""
    audit_files: int
    """Files of a scheduled audit."""
    processed_retention_days: int
    failed_retention_days: int
    archive_retention_days: int
    """The days after which the bucket deletes a file's objects."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Config:
        """Read the variables; raises KeyError or ValueError at start-up rather than on a page."""
        return read_settings(cls, environ)

    @property
    def is_production(self) -> bool:
        """Whether every page carries the mark of production."""
        return self.environment in {"prod", "production", "live"}
