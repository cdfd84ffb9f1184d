"""Anthropic's models on Google Vertex AI, through Anthropic's SDK."""

import warnings

from sce.engines import Fatal, Transient
from sce.engines.clouds import CloudEngine
from sce.files.secrets import hide, read_key
from sce.grids.datasets import Dataset
from sce.models.vertex import Vertex

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
FILE = "GOOGLE_APPLICATION_CREDENTIALS"


def open_engine(model: Vertex, dataset: Dataset) -> "VertexEngine":
    return VertexEngine(model)


class VertexEngine(CloudEngine):
    """One model in one region."""

    LOGGERS = ("google.auth",)
    PACKAGE = "anthropic[vertex]"
    NEEDS = ("anthropic", "google.auth")

    def __init__(self, model: Vertex):
        super().__init__(model)
        self._credentials = None
        self._faults_of_signing: tuple[type[Exception], ...] = ()

    def _open(self, options):
        import anthropic

        del options["api_key"]
        if self._key is None:
            self._credentials = self._found()
        client = anthropic.AsyncAnthropicVertex(
            region=self.model.region,
            project_id=self.model.project,
            access_token=self._key,
            credentials=self._credentials,
            **options,
        )
        return anthropic, client

    def _found(self):
        """Google's Application Default Credentials."""
        import google.auth
        import google.auth.transport.requests  # needed to renew them
        from google.auth.exceptions import GoogleAuthError

        self._faults_of_signing = (GoogleAuthError,)
        file = read_key(FILE)
        try:
            if file:
                with warnings.catch_warnings():  # about files of strangers; this one is the user's own
                    warnings.simplefilter("ignore", DeprecationWarning)
                    return google.auth.load_credentials_from_file(file, scopes=SCOPES)[0]
            return google.auth.default(scopes=SCOPES)[0]
        except (GoogleAuthError, OSError, AttributeError) as error:  # a folder; JSON that is no mapping
            raise Fatal(
                f"there are no credentials of Google ({error}): set {FILE} in the environment or in .env, or "
                "run gcloud auth application-default login"
            ) from None

    async def _post(self, request):
        try:
            return await super()._post(request)
        except self._faults_of_signing as error:
            kind = Transient if getattr(error, "retryable", False) else Fatal
            raise kind(self._hidden(f"Google gives no access token: {error}")) from None

    def _hidden(self, text):
        return hide(super()._hidden(text), getattr(self._credentials, "token", None))
