"""Anthropic's models on Amazon Bedrock, through Anthropic's SDK."""

from sce.engines import Fatal, Transient
from sce.engines.clouds import CloudEngine
from sce.files.secrets import hide, read_key
from sce.grids.datasets import Dataset
from sce.models.bedrock import Bedrock

# What AWS calls its credentials, and their names in boto3.
CREDENTIALS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
    "profile_name": "AWS_PROFILE",
}


def open_engine(model: Bedrock, dataset: Dataset) -> "BedrockEngine":
    return BedrockEngine(model)


class BedrockEngine(CloudEngine):
    """One model in one region."""

    LOGGERS = ("botocore", "boto3")  # they log what is signed, and with it the session's token
    PACKAGE = "anthropic[bedrock]"
    NEEDS = ("anthropic", "boto3")

    def __init__(self, model: Bedrock):
        super().__init__(model)
        self._signed_with: tuple[str, ...] = ()
        self._faults_of_signing: tuple[type[Exception], ...] = ()

    def _read_key(self, model):
        return read_key(model.api_key_env) and super()._read_key(model) if model.api_key_env else None

    def _open(self, options):
        import anthropic

        del options["api_key"]
        client = anthropic.AsyncAnthropicBedrock(aws_region=self.model.region, **options)
        # Set here and not handed over, since the SDK would look into the environment too.
        client.api_key = self._key
        if self._key is None:
            self._sign(client)
        return anthropic, client

    def _sign(self, client):
        """Let the client sign requests with the credentials of AWS that are found."""
        import boto3
        from botocore.exceptions import BotoCoreError

        self._faults_of_signing = (BotoCoreError,)
        given = {name: read_key(variable) for name, variable in CREDENTIALS.items()}
        try:
            found = boto3.Session(region_name=self.model.region, **given).get_credentials()
            if found is None:
                raise Fatal(
                    f"there are no credentials of AWS: set {self.model.api_key_env or 'AWS_PROFILE'}, or "
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in the environment or in .env"
                )
            key, secret, token = found.get_frozen_credentials()[:3]
            self._signed_with = tuple(filter(None, (key, secret, token)))
        except BotoCoreError as error:
            raise Fatal(f"the credentials of AWS cannot be used: {error}") from None
        if not (key and secret) or not "".join(self._signed_with).isascii():
            raise Fatal(
                "the credentials of AWS cannot be used: a key and its secret are needed, both in ASCII"
            )
        client.aws_access_key = given["aws_access_key_id"]
        client.aws_secret_key = given["aws_secret_access_key"]
        client.aws_session_token = given["aws_session_token"]
        client.aws_profile = given["profile_name"]

    async def _post(self, request):
        try:
            return await super()._post(request)
        except self._faults_of_signing as error:
            from botocore.exceptions import HTTPClientError

            kind = Transient if isinstance(error, HTTPClientError) else Fatal
            raise kind(self._hidden(f"the credentials of AWS cannot be renewed: {error}")) from None

    def _hidden(self, text):
        return hide(super()._hidden(text), *self._signed_with)
