"""Seconder's search attributes in a Temporal namespace: are they there, and registering them.

The engine must not start without them: an upsert of an unregistered attribute fails the workflow task, and Temporal
would try it again for ever.
"""

from collections.abc import Mapping
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from seconder import names
from seconder.connection import temporal_call
from seconder.errors import ConfigurationError

_TYPES: Final[Mapping[str, IndexedValueType.ValueType]] = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


async def missing_search_attributes(client: Client) -> Mapping[str, str]:
    """Name → type of those that the client's namespace lacks.

    Raises:
        ConfigurationError: one is there with another type, and Temporal cannot change a type.
        ServiceError: Temporal could not tell.
    """
    with temporal_call("list the search attributes"):
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    there = listed.custom_attributes
    wrong = [name for name, kind in names.SEARCH_ATTRIBUTES.items() if name in there and there[name] != _TYPES[kind]]
    if wrong:
        raise ConfigurationError(
            f"The namespace {client.namespace!r} has {', '.join(wrong)} with another type. Remove it with "
            "`temporal operator search-attribute remove` if nothing else uses it, or take another namespace."
        )
    return {name: kind for name, kind in names.SEARCH_ATTRIBUTES.items() if name not in there}


async def require_search_attributes(client: Client) -> None:
    """Stop a start-up that would end in workflow tasks that fail for ever.

    Raises:
        ConfigurationError: some are missing; the message holds the command that registers them.
    """
    if missing := await missing_search_attributes(client):
        raise ConfigurationError(
            f"The namespace {client.namespace!r} lacks the search attributes {', '.join(missing)}. "
            f"Register them with\n  {registering_command(client, missing)}"
        )


async def ensure_search_attributes(client: Client) -> Mapping[str, str]:
    """Register those that are missing, and give back which ones those were."""
    missing = await missing_search_attributes(client)
    if missing:
        with temporal_call("register the search attributes"):
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=client.namespace,
                    search_attributes={name: _TYPES[kind] for name, kind in missing.items()},
                )
            )
    return missing


def registering_command(client: Client, missing: Mapping[str, str]) -> str:
    """The line for a shell that registers attributes."""
    where = f"--address {client.service_client.config.target_host} --namespace {client.namespace}"
    # Temporal's command line pairs names with types: a name without a type of its own is left out, without a word.
    pairs = " ".join(f"--name {name} --type {kind}" for name, kind in missing.items())
    return f"temporal operator search-attribute create {where} {pairs}"
