"""Does the model's server know our key and the models of our agents?"""

from collections.abc import Sequence
from typing import Final

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, AuthenticationError, NotFoundError

from seconder.agents import Agent
from workers.probes.base import Finding, Probe, ProbeFailure, ok, warning
from workers.settings import Settings

_TIMEOUT_SECONDS: Final = 10.0


def model_probe(settings: Settings, agents: Sequence[Agent]) -> Probe:
    """The probe of the model's server; it asks for no tokens."""

    async def ask() -> Finding:
        key = settings.openai_api_key.get_secret_value()
        if not key:
            raise ProbeFailure(
                "OPENAI_API_KEY is not set.", "Set it; for a compatible server that needs none, to any text."
            )
        async with AsyncOpenAI(
            api_key=key, base_url=settings.openai_base_url, max_retries=0, timeout=_TIMEOUT_SECONDS
        ) as server:
            return await _look_for_models(server, settings.openai_base_url, sorted({agent.model for agent in agents}))

    return Probe("model", ask)


async def _look_for_models(server: AsyncOpenAI, where: str, wanted: Sequence[str]) -> Finding:
    try:
        if not wanted:
            await server.models.list()
        for model in wanted:
            await server.models.retrieve(model)
    except AuthenticationError as error:
        raise ProbeFailure(f"{where} refuses the key.", "Look at OPENAI_API_KEY and OPENAI_BASE_URL.") from error
    except NotFoundError:
        return warning(
            f"{where} does not list {model if wanted else 'its models'}.",
            "Look at the agent's `model`; a compatible server may know it nevertheless.",
        )
    except APIStatusError as error:
        raise ProbeFailure(f"{where} answered {error.status_code}: {error.message}") from error
    except APIConnectionError as error:
        raise ProbeFailure(
            f"{where} cannot be reached: {error.__cause__ or error}.", "Look at OPENAI_BASE_URL and the network."
        ) from error
    return ok(f"{where} knows {', '.join(wanted) or 'the key'}")
