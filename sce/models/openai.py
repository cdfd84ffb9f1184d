"""The entry of OpenAI, and of any endpoint that speaks its chat format."""

from typing import ClassVar, Literal

from sce.files.values import Line, Url
from sce.models.remote import Batched, Chat


class OpenAI(Chat, Batched):
    """OpenAI, or any endpoint that speaks its chat format. ``revision``: not sent; keeps apart different
    weights that go by one name (a local server's)."""

    TRANSPORT: ClassVar[frozenset[str]] = Batched.TRANSPORT
    REASONS_WITHOUT_TEMPERATURE: ClassVar[bool] = True

    engine: Literal["openai"]
    base_url: Url = "https://api.openai.com/v1"
    api_key_env: str | None = "OPENAI_API_KEY"
    revision: Line | None = None
