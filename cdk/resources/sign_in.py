"""The console's user pool, its two groups, its clients for browsers and scripts, and the key of its sessions.

There is no sign-up: `make user` (cdk/commands/users.py) creates accounts, or an administrator in Cognito.
"""

from aws_cdk import Acknowledgment, Aws, Duration, RemovalPolicy, Validations
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk.resources.storage import removal_policy
from cdk.settings import Settings

GROUPS = {"operators": "May act: upload, reprocess, redrive, dismiss.", "viewers": "May only look."}
# Not optional: Cognito's own pages offer an authenticator to nobody unless it is required.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html
MFA = {"off": cognito.Mfa.OFF, "required": cognito.Mfa.REQUIRED}

INVITATION = """You have an account for the Waybill console ({environment}): {url}
<br><br>Sign in as {{username}} with the password {{####}}
<br>You will be asked for one of your own. The password above is good for a week."""


class SignIn(Construct):
    """The user pool with its groups, domain and clients, and the session key."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, console_url: str) -> None:
        super().__init__(scope, construct_id)
        self.pool = self._make_pool(settings, console_url)
        for name, description in GROUPS.items():
            self.pool.add_group(name.title(), group_name=name, description=description)
        self.pool.add_domain(
            "Domain",
            # Unique among all accounts of a region.
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=f"waybill-{settings.environment}-{Aws.ACCOUNT_ID}"
            ),
            # The newer managed login costs more, and the emulator lacks it.
            managed_login_version=cognito.ManagedLoginVersion.CLASSIC_HOSTED_UI,
        )
        self.browser = self._browser_client(console_url)
        self.scripts = self._scripts_client()
        self.session_key_arn = self._session_key()

    def _make_pool(self, settings: Settings, console_url: str) -> cognito.UserPool:
        removal = removal_policy(settings)
        pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=f"waybill-{settings.environment}",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # With an unverified new address somebody could act under another person's name.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(email=cognito.StandardAttribute(required=True)),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(7),
            ),
            mfa=MFA[settings.console_mfa],
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            user_invitation=cognito.UserInvitationConfig(
                email_subject=f"Your account for Waybill ({settings.environment})",
                email_body=INVITATION.format(environment=settings.environment, url=console_url),
            ),
            feature_plan=cognito.FeaturePlan.LITE,  # Enough for the console; the other plans are billed per user.
            deletion_protection=removal == RemovalPolicy.RETAIN,
            removal_policy=removal,
        )
        accepted = {
            "AwsSolutions-COG8": "Threat protection is the Plus plan's, billed per user; nobody can sign up here.",
        }
        if settings.console_mfa == "off":
            accepted["AwsSolutions-COG2"] = (
                "Signing in takes a password alone, as console_mfa=off says; of the defaults, only that of dev does."
            )
        for rule, reason in accepted.items():
            Validations.of(pool).acknowledge(Acknowledgment(id=rule, reason=reason))
        return pool

    def _browser_client(self, console_url: str) -> cognito.UserPoolClient:
        """Add the browsers' client: authorisation code with PKCE, and no secret, as a public client cannot keep one."""
        client = self.pool.add_client(
            "Browser",
            generate_secret=False,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, cognito.OAuthScope.PROFILE],
                callback_urls=[f"{console_url}/auth/callback"],
                logout_urls=[f"{console_url}/auth/signed-out"],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            # The console reads the token once, after sign-in, and keeps a session of its own.
            id_token_validity=Duration.minutes(5),
            access_token_validity=Duration.minutes(5),
            refresh_token_validity=Duration.hours(1),
        )
        # Sign-in by the hosted pages only. Cognito's default would also allow its API, and CDK writes no empty list.
        resource = client.node.default_child
        if isinstance(resource, cognito.CfnUserPoolClient):
            resource.explicit_auth_flows = ["ALLOW_REFRESH_TOKEN_AUTH"]
        return client

    def _scripts_client(self) -> cognito.UserPoolClient:
        """Add the scripts' client, which exchanges a user's name and password for an ID token of the JSON API."""
        return self.pool.add_client(
            "Scripts",
            generate_secret=False,
            disable_o_auth=True,
            auth_flows=cognito.AuthFlow(user_password=True),
            prevent_user_existence_errors=True,
            id_token_validity=Duration.hours(1),
            access_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.hours(1),
        )

    def _session_key(self) -> str:
        """Create the secret and return its ARN."""
        key = secretsmanager.Secret(
            self,
            "SessionKey",
            description="Signs the console's session cookies. A new value signs everybody out.",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=RemovalPolicy.DESTROY,
        )
        by_hand = "A rotation signs everybody out, so a person decides when; sessions themselves last hours."
        Validations.of(key).acknowledge(Acknowledgment(id="AwsSolutions-SMG4", reason=by_hand))
        resource = key.node.default_child
        if not isinstance(resource, secretsmanager.CfnSecret):
            raise TypeError("the secret of this stack is its own, with a resource behind it")
        # Equal to Ref on AWS; in the emulator Ref is only the name.
        return resource.attr_id
