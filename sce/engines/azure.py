"""Azure OpenAI through OpenAI's SDK, which knows where a deployment is and how Azure takes a key."""

from sce.engines.openai import OpenAIEngine
from sce.grids.datasets import Dataset
from sce.models.azure import Azure


def open_engine(model: Azure, dataset: Dataset) -> "AzureEngine":
    return AzureEngine(model)


class AzureEngine(OpenAIEngine):
    """One deployment of one resource."""

    SDK_SENDS = True

    def _open(self, options):
        import openai

        endpoint = options.pop("base_url")
        version = self.model.api_version
        return openai, openai.AsyncAzureOpenAI(azure_endpoint=endpoint, api_version=version, **options)
