"""The entry of OpenAI, and of any endpoint that speaks its chat format."""

from typing import ClassVar, Literal

from pydantic import Field

from sce.models.entries import URL
from sce.models.remote import Chat, Hosted


class OpenAI(Chat, Hosted):
    """OpenAI, or any endpoint that speaks its chat format. ``revision``: not sent; keeps apart different
    weights that go by one name (a local server's)."""

    TRANSPORT: ClassVar[frozenset[str]] = Hosted.TRANSPORT

    engine: Literal["openai"]
    base_url: str = Field("https://api.openai.com/v1", pattern=URL)
    api_key_env: str | None = "OPENAI_API_KEY"
    revision: str | None = None
