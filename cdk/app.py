"""The CDK application. `python -m cdk.app` synthesises it and fails on a cdk-nag finding that is not acknowledged."""

import sys

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from cdk.bundling.sources import BundlingError
from cdk.settings import Settings, SettingsError
from cdk.stack import WaybillStack


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
        build_app().synth()
    except (SettingsError, BundlingError) as error:
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
