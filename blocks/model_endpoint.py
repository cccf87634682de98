"""A model endpoint as a Prefect block (R8.1)."""

from prefect.blocks.core import Block
from pydantic import Field, JsonValue, SecretStr

from blueprint.connections import ModelConnection


class ModelEndpoint(Block):
    """An OpenAI-compatible chat-completions endpoint, in the cloud or on this machine."""

    _block_type_name = "Missions: model endpoint"
    _block_type_slug = "missions-model-endpoint"

    base_url: str = Field(
        title="Base URL", description="Where the API is, up to and including its version, e.g. 'https://api.openai.com/v1'."
    )
    model: str = Field(title="Model", description="The model's name, as the endpoint calls it.")
    note: str = Field(
        default="", title="Note", description="What people should know about it; every report shows it with the model's name."
    )
    api_key: SecretStr = Field(
        default=SecretStr(""), title="API key", description="Leave it empty where the endpoint asks for none."
    )
    context_tokens: int = Field(default=128_000, ge=4_000, title="Context window", description="In tokens, answer included.")
    max_output_tokens: int = Field(default=4_096, ge=256, title="Longest answer", description="In tokens.")
    request_timeout_seconds: float = Field(
        default=300, gt=0, title="Request timeout", description="Seconds that one whole answer may take."
    )
    idle_timeout_seconds: float = Field(
        default=120, gt=0, title="Idle timeout", description="Seconds without a sign of life before an answer is given up."
    )
    max_retries: int = Field(default=4, ge=0, le=20, title="Retries", description="After errors of the endpoint, with back-off.")
    price_per_million_input: float = Field(
        default=0, ge=0, title="Price of input", description="For a million tokens; 0 when cost is not to be counted."
    )
    price_per_million_output: float = Field(
        default=0, ge=0, title="Price of output", description="For a million tokens, in the same currency."
    )
    extra_body: dict[str, JsonValue] = Field(
        default_factory=dict,
        title="Extra request fields",
        description='JSON that is added to every request, e.g. {"reasoning_effort": "low"}.',
    )
    patience_seconds: float = Field(
        default=900,
        ge=0,
        title="Patience",
        description="Seconds that a run waits for an endpoint that is down, slow or rate-limited over all retries.",
    )

    def connection(self) -> ModelConnection:
        """The plain value that the agent uses."""
        return ModelConnection(
            name=self._block_document_name or "unsaved",
            base_url=self.base_url,
            model=self.model,
            note=self.note,
            api_key=self.api_key,
            context_tokens=self.context_tokens,
            max_output_tokens=self.max_output_tokens,
            request_timeout_seconds=self.request_timeout_seconds,
            idle_timeout_seconds=self.idle_timeout_seconds,
            max_retries=self.max_retries,
            price_per_million_input=self.price_per_million_input,
            price_per_million_output=self.price_per_million_output,
            extra_body=self.extra_body,
            patience_seconds=self.patience_seconds,
        )
