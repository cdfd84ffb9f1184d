"""The entry of a deployment on Azure OpenAI."""

from typing import ClassVar, Literal

from sce.files.values import Line, Url
from sce.models.remote import Chat, Hosted


class Azure(Chat, Hosted):
    """A deployment on Azure OpenAI: ``model`` is its name, ``base_url`` the endpoint of its resource,
    ``api_version`` a version of Azure's API. ``revision``: not sent; keeps apart different models that were
    deployed under one name. Nobody lists deployments: the first question finds out whether there is one."""

    TRANSPORT: ClassVar[frozenset[str]] = Hosted.TRANSPORT | {"api_version"}
    REASONS_WITHOUT_TEMPERATURE: ClassVar[bool] = True

    engine: Literal["azure"]
    base_url: Url
    api_version: Line
    api_key_env: str | None = "AZURE_OPENAI_API_KEY"
    check_model: Literal[False] = False
    revision: Line | None = None
