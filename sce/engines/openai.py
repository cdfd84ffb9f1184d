"""OpenAI through its SDK, and every endpoint that speaks its chat format (``base_url``)."""

from sce.engines import About
from sce.engines.chat import chat_request, reply_of, request_of
from sce.engines.remote import RemoteEngine
from sce.grids.datasets import Dataset
from sce.models.openai import OpenAI


def open_engine(model: OpenAI, dataset: Dataset) -> "OpenAIEngine":
    return OpenAIEngine(model)


class OpenAISDK(RemoteEngine):
    """One model at one endpoint that OpenAI's SDK opens."""

    NEEDS = ("openai",)

    def _open(self, options):
        import openai

        return openai, openai.AsyncOpenAI(**options)


class ChatEngine(OpenAISDK):
    """One model at one endpoint of OpenAI's chat format."""

    PATH = "/chat/completions"

    def _sent(self, body):
        return request_of(body)

    def _reply(self, payload):
        return reply_of(payload)


class OpenAIEngine(ChatEngine):
    """OpenAI, or a server that the user keeps running."""

    def body(self, messages, about: About) -> dict:
        body = {"engine": self.model.engine, **chat_request(self.model, messages, about)}
        if self.model.revision:
            body["revision"] = self.model.revision
        if self.model.sent_headers:
            body["headers"] = self.model.sent_headers
        return body
