"""The engine: workflows, the model and the notices. It holds the model's key and Slack's bot token, and no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from openai import AsyncOpenAI
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.agents import Agents
from activities.checks import Checks
from activities.model import Model
from activities.notices import Notices
from seconder import names
from seconder.agents import load_agents
from workers.settings import Settings
from workers.versions import deployment_config
from workflows.agent_session import AgentSession
from workflows.approval import Approval

# Sessions wait most of their lives: a small cache keeps the memory flat and costs them no visible latency.
CACHED_WORKFLOWS: Final = 100
# Loaded once instead of once for each workflow; none of them keeps state between workflows.
PASSED_THROUGH: Final = ("seconder", "workflows", "pydantic", "pydantic_core", "rfc8785", "annotated_types")


@asynccontextmanager
async def engine(
    client: Client, settings: Settings, *, cached_workflows: int = CACHED_WORKFLOWS
) -> AsyncIterator[Worker]:
    """Serve the queue `seconder` while the context is open.

    Raises:
        ConfigurationError: a setting that the engine needs is missing or an agent cannot be loaded.
    """
    settings.require("engine")
    agents = load_agents(settings.app)
    async with AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(), base_url=settings.openai_base_url, max_retries=0
    ) as model:
        slack = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_url, retry_handlers=[]
        )
        notices = Notices(slack, settings.channel)
        checks = Checks(agents)
        worker = Worker(
            client,
            task_queue=names.ENGINE_QUEUE,
            workflows=[AgentSession, Approval],
            activities=[
                Agents(agents, settings.review_policy).load_agent,
                Model(model).ask_model,
                checks.check_calls,
                checks.check_output,
                notices.post_notice,
                notices.update_notice,
                notices.answer_reviewer,
            ],
            workflow_runner=SandboxedWorkflowRunner(
                restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
            ),
            max_cached_workflows=cached_workflows,
            deployment_config=deployment_config(settings, "seconder-engine"),
        )
        async with worker:
            yield worker
