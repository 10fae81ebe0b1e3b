"""The CDK application. `python -m cdk.app` synthesises it and fails on a cdk-nag finding that is not acknowledged."""

import os
import sys

from aws_cdk import App, Tags, Validations
from aws_cdk.region_info import RegionInfo
from cdk_nag import AwsSolutionsChecks

from cdk.bundling.sources import BundlingError
from cdk.settings import PARTITION, Settings, SettingsError
from cdk.stack import WaybillStack


class PartitionError(RuntimeError):
    """The region to synthesise for is in a partition that Waybill is not made for."""

    def __init__(self, region: str, partition: str) -> None:
        self.region = region
        self.partition = partition
        super().__init__(
            f"{region} is in the partition {partition}. Waybill is made for the partition {PARTITION} alone: choose a "
            "region of it."
        )


def refuse_other_partitions(region: str) -> None:
    """Raise PartitionError for a region that CDK knows to be in another partition; an unknown one passes."""
    partition = RegionInfo.get(region).partition if region else PARTITION
    if partition and partition != PARTITION:
        raise PartitionError(region, partition)


def build_app(**app_options: object) -> App:
    """Build the application from its context. The options are App's own; tests pass outdir and context."""
    app = App(analytics_reporting=False, **app_options)  # type: ignore[arg-type]
    settings = Settings.from_context(app.node)
    stack = WaybillStack(app, settings=settings)
    Tags.of(stack).add("application", "waybill")
    Tags.of(stack).add("environment", settings.environment)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def main() -> None:
    """Synthesise; end with one sentence, not a stack trace, where a person can correct the cause."""
    try:
        refuse_other_partitions(os.environ.get("CDK_DEFAULT_REGION", ""))  # The command line sets it.
        build_app().synth()
    except (SettingsError, PartitionError, BundlingError) as error:
        sys.exit(str(error))
    except RuntimeError as error:
        # Errors in CDK's JavaScript, and ours that passed through it, arrive as one text.
        what, _, why = str(error).partition("RuntimeError: ")
        if what.startswith("ValidationFailed"):
            sys.exit("Nothing was synthesised: correct the findings above, or acknowledge each with its reason.")
        if "bundle asset" in what:
            sys.exit(why)
        raise


if __name__ == "__main__":
    main()
