"""The entry of a model of Anthropic's on Google Vertex AI."""

from typing import ClassVar, Literal

from pydantic import Field

from sce.models.anthropic import OnCloud

REGIONLESS = {
    "global": "https://aiplatform.googleapis.com/v1",
    "us": "https://aiplatform.us.rep.googleapis.com/v1",
    "eu": "https://aiplatform.eu.rep.googleapis.com/v1",
}


class Vertex(OnCloud):
    """A model of Anthropic's on Google Vertex AI, in a ``project``. The credentials are Google's Application
    Default Credentials (the file that GOOGLE_APPLICATION_CREDENTIALS names, ``gcloud auth application-default
    login``, or the machine's own); or else the variable ``api_key_env`` holds an access token."""

    TRANSPORT: ClassVar[frozenset[str]] = OnCloud.TRANSPORT | {"project"}

    engine: Literal["vertex"]
    project: str = Field(pattern=r"^[a-z0-9][a-z0-9.:-]{0,99}$")

    @classmethod
    def address(cls, region):
        return REGIONLESS.get(region, f"https://{region}-aiplatform.googleapis.com/v1")
