"""The entry of a model of Anthropic's on Amazon Bedrock."""

from typing import Literal

from sce.models.anthropic import OnCloud

SIGNING_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Bedrock(OnCloud):
    """A model of Anthropic's on Amazon Bedrock; ``model`` is its name or its inference profile's there. The
    variable ``api_key_env`` holds a key of Bedrock's own. Where there is none, requests are signed with the
    credentials of AWS: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), AWS_PROFILE, or what
    boto3 finds besides."""

    engine: Literal["bedrock"]
    api_key_env: str | None = "AWS_BEARER_TOKEN_BEDROCK"

    @property
    def key_variables(self):
        return [*super().key_variables, *SIGNING_KEYS]

    @classmethod
    def address(cls, region):
        return f"https://bedrock-runtime.{region}.amazonaws.com"
