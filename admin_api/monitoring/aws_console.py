"""Links into the AWS consoles. An emulator has none."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_HOST = "console.aws.amazon.com"


@dataclass(frozen=True, slots=True)
class AwsConsole:
    """The AWS console of one region."""

    region: str

    def trace(self, trace_id: str) -> str:
        """Link to a trace."""
        return self._cloudwatch(f"xray:traces/{quote(trace_id, safe='')}")

    def log_group(self, name: str) -> str:
        """Link to a log group, whose name this console wants to be encoded twice, with $ for %."""
        encoded = quote(quote(name, safe=""), safe="").replace("%", "$")
        return self._cloudwatch(f"logsV2:log-groups/log-group/{encoded}")

    def queue(self, url: str) -> str:
        """Link to a queue."""
        return f"https://{self.region}.{_HOST}/sqs/v3/home?region={self.region}#/queues/{quote(url, safe='')}"

    def bucket(self, name: str, prefix: str = "") -> str:
        """Link to a bucket, or to what it holds under a prefix."""
        return f"https://{self.region}.{_HOST}/s3/buckets/{quote(name)}?region={self.region}&prefix={quote(prefix)}"

    def table(self, name: str) -> str:
        """Link to a table."""
        page = f"table?name={quote(name)}"
        return f"https://{self.region}.{_HOST}/dynamodbv2/home?region={self.region}#{page}"

    def function(self, name: str) -> str:
        """Link to a function."""
        return f"https://{self.region}.{_HOST}/lambda/home?region={self.region}#/functions/{quote(name)}"

    def _cloudwatch(self, page: str) -> str:
        return f"https://{self.region}.{_HOST}/cloudwatch/home?region={self.region}#{page}"


def find_aws_console(region: str, endpoint_url: str) -> AwsConsole | None:
    """Find the AWS console that belongs to the endpoint of an SDK client; None for an emulator."""
    is_aws = (urlsplit(endpoint_url).hostname or "").endswith(".amazonaws.com")
    return AwsConsole(region) if is_aws else None
