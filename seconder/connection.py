"""One way to reach Temporal, for the command line and for every process.

Address, namespace, TLS and API key come from where Temporal's own tools take them: the `TEMPORAL_*` variables and the
profiles of its configuration file.
"""

import asyncio
import dataclasses
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from seconder.artifacts.driver import external_storage
from seconder.artifacts.store import ArtifactStore
from seconder.errors import ConfigurationError, NotFoundError, ServiceError


class PayloadConverter(PydanticPayloadConverter):
    """Pydantic's, except that an unreadable input of unknown type ends a workflow.

    Temporal would try to read it again for ever; our workflows take their inputs as they come, and check them.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """The values.

        Raises:
            ApplicationError: they cannot be read, and whoever wanted them would have taken anything.
        """
        try:
            return super().from_payloads(payloads, type_hints)
        except (ValueError, KeyError, RuntimeError) as error:
            if any(hint is not Any for hint in type_hints or ()):
                raise
            raise ApplicationError(
                f"What was sent cannot be read: {str(error)[:500]}.", type="InvalidRequest", non_retryable=True
            ) from error


def data_converter(storage: ArtifactStore | None) -> DataConverter:
    """How values become payloads; the large ones go to the store and leave their digest in the history.

    Without a store they stay in the history, which Temporal allows up to 2 MiB each, and what is in a store cannot be
    read: that raises a `ServiceError` which says so.
    """
    return dataclasses.replace(
        pydantic_data_converter,
        payload_converter_class=PayloadConverter,
        external_storage=external_storage(storage),
    )


DATA_CONVERTER: Final = data_converter(None)
DEFAULT_ADDRESS: Final = "localhost:7233"
CONNECT_SECONDS: Final = 5.0

_CAUSE = re.compile(r'(?:message|error): "([^"]+)"')


async def connect(
    *,
    address: str | None = None,
    namespace: str | None = None,
    identity: str | None = None,
    lazy: bool = False,
    storage: ArtifactStore | None = None,
) -> Client:
    """A client of Temporal; what is given here wins over the environment and the profile.

    Args:
        address: `host:port`, without a scheme.
        namespace: Temporal's namespace; `default` when nothing says otherwise.
        identity: what the history shows as the author of what this client does.
        lazy: connect at the first call, for a process that must start while Temporal is down.
        storage: where what is too large for a history is kept: the store of the processes, see `open_store`.

    Raises:
        ConfigurationError: Temporal's variables or its profile cannot be read.
        ServiceError: no Temporal server answered within `CONNECT_SECONDS`.
    """
    config = _configured()
    if address:
        config["target_host"] = address
    if namespace:
        config["namespace"] = namespace
    target = config.setdefault("target_host", DEFAULT_ADDRESS)
    if "://" in target:
        raise ConfigurationError(f"Temporal's address is host:port without a scheme, not {target!r}.")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await Client.connect(**config, data_converter=data_converter(storage), identity=identity, lazy=lazy)
    except ValueError as error:
        raise ConfigurationError(f"{target!r} is no address of a Temporal server: {error}.") from error
    except (RuntimeError, TimeoutError) as error:
        raise ServiceError(
            f"No Temporal server answers at {target}: {_cause(error)}. Start one with `temporal server start-dev`, "
            "or say where it runs with TEMPORAL_ADDRESS=host:port (and TEMPORAL_TLS or TEMPORAL_API_KEY if it "
            "needs them)."
        ) from error


def configured_address() -> str | None:
    """The address that the environment or the profile names; None when nothing does.

    Raises:
        ConfigurationError: Temporal's variables or its profile cannot be read.
    """
    return _configured().get("target_host")


@contextmanager
def temporal_call(what: str) -> Iterator[None]:
    """Turn the errors of a call to Temporal into ours; `what` completes the sentence "Temporal could not …".

    Raises:
        NotFoundError: what the call was about is not there.
        ServiceError: any other reason, in the server's words.
    """
    try:
        yield
    except RPCError as error:
        if _is_about_the_namespace(error):
            raise ServiceError(
                f"{error.message} Set TEMPORAL_NAMESPACE to one that exists, or create it with "
                "`temporal operator namespace create`."
            ) from error
        if error.status == RPCStatusCode.NOT_FOUND:
            raise NotFoundError(f"Temporal could not {what}: {error.message}.") from error
        raise ServiceError(f"Temporal could not {what}: {error.message} ({error.status.name}).") from error


def _is_about_the_namespace(error: RPCError) -> bool:
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)


def _configured() -> ClientConnectConfig:
    try:
        return ClientConfig.load_client_connect_config()
    except (RuntimeError, OSError, ValueError) as error:
        raise ConfigurationError(
            f"Temporal's settings cannot be read: {error}. They come from the TEMPORAL_* variables and from the "
            "profile that TEMPORAL_PROFILE names in TEMPORAL_CONFIG_FILE."
        ) from error


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS:.0f} s"
    causes = _CAUSE.findall(str(error))
    return causes[-1] if causes else str(error).removeprefix("Failed client connect: ")
