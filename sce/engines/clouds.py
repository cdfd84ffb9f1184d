"""What the engines have in common that ask Anthropic's models on others' clouds: the messages format is the
same, and the SDK knows the address of a model and how a request is signed."""

from sce.engines.anthropic import AnthropicEngine
from sce.engines.remote import CONNECT_S


class CloudEngine(AnthropicEngine):
    """One model in one region of a cloud."""

    SDK_SENDS = True

    def _sent(self, body):
        request = super()._sent(body)
        version = self.model.anthropic_version
        return request | {"anthropic_version": version} if version else request

    async def _list(self):
        """Clouds list no models: any answer shows that somebody is there."""
        from httpx2 import Response

        return await self._client.get("/", cast_to=Response, options={"timeout": CONNECT_S})
