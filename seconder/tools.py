"""`@tool`: a typed function that an agent may call, with its effect declared.

The effect decides the lane: reads are called from approved code, everything else is a call of its own that a person
approves. A tool without an effect does not register, so that nothing is harmless by omission.
"""

import asyncio
import builtins
import contextvars
import functools
import inspect
import keyword
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from pydantic import JsonValue, ValidationError

from seconder.canonical import canonical_json, sha256_of
from seconder.contracts.calls import ARGUMENTS_MAX_BYTES
from seconder.contracts.definitions import ToolSpec
from seconder.effects import Effect
from seconder.errors import ConfigurationError, ContractError
from seconder.mistakes import mistakes_in
from seconder.names import EXECUTE_CODE, FETCH, OWN_ACTIVITIES
from seconder.signatures import Signature, read_signature
from seconder.stubs import render_stub

if TYPE_CHECKING:
    # Only named here: workflow modules import this one, and must not load a logging library.
    from structlog.typing import FilteringBoundLogger

_THREADS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="tool")
"""For synchronous tools alone: one that hangs keeps its thread, and must take none that a worker itself needs."""
_TOOL_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED = OWN_ACTIVITIES | {EXECUTE_CODE, FETCH, "call_tool", "finish", "result"}


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may know of the call that it serves.

    `idempotency_key` is the digest of the approved call: pass it on to any service that can tell a repeated request
    from a new one. `attempt` counts from 1 and passes 1 only for tools that were declared idempotent.
    """

    session_id: str
    call_id: str
    idempotency_key: str
    attempt: int
    log: "FilteringBoundLogger"


class InvalidArguments(ContractError):  # noqa: N818 - it is told to the model as a value
    """The arguments of a call do not fit the tool; the message lists each mistake for the model to mend."""


@dataclass(frozen=True, slots=True)
class Tool[**P, R]:
    """A function with a declared effect; calling it calls the function itself.

    `timeout` bounds one attempt. `attempts` is 1 unless the tool is `idempotent`: a side effect is never repeated
    blindly.
    """

    function: Callable[P, R]
    name: str
    effect: Effect
    version: str
    timeout: timedelta
    idempotent: bool
    attempts: int
    signature: Signature = field(repr=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @property
    def spec(self) -> ToolSpec:
        """The tool as it is pinned in a session's history."""
        shape: dict[str, JsonValue] = {
            "arguments": self.signature.arguments_schema,
            "result": self.signature.result_schema,
            "description": self.signature.description,
            "effect": self.effect.value,
            "idempotent": self.idempotent,
        }
        fingerprint = sha256_of(shape)[:8]
        return ToolSpec(
            name=self.name,
            version=f"{self.version}+{fingerprint}",
            effect=self.effect,
            description=self.signature.description,
            arguments_schema=self.signature.arguments_schema,
            stub=render_stub(
                self.name,
                self.signature.description,
                self.signature.arguments_schema,
                self.signature.result_schema,
            ),
            timeout_seconds=self.timeout.total_seconds(),
            attempts=self.attempts,
        )

    def normalise(self, arguments: JsonValue) -> dict[str, JsonValue]:
        """The arguments as they are shown, digested and run: validated strictly, with every default filled in.

        Raises:
            InvalidArguments: they do not fit; the message names each argument and what is wrong with it.
        """
        try:
            encoded = canonical_json(arguments)
            if len(encoded) > ARGUMENTS_MAX_BYTES:
                raise InvalidArguments(
                    f"The arguments of {self.name} are {len(encoded)} bytes long; "
                    f"{ARGUMENTS_MAX_BYTES} are allowed, so that a person can read them."
                )
            model = self.signature.arguments.model_validate_json(encoded, strict=True)
            normal = cast("dict[str, JsonValue]", model.model_dump(mode="json"))
            canonical_json(normal)
        except ValidationError as error:
            raise InvalidArguments(_explain(self.name, error)) from error
        except InvalidArguments:
            raise
        except ContractError as error:
            raise InvalidArguments(str(error)) from error
        else:
            return normal

    async def invoke(self, arguments: dict[str, JsonValue], context: ToolContext) -> JsonValue:
        """Run the function on normalised arguments and give its result as a JSON value.

        A synchronous function runs in a thread, so that it never holds up the worker's event loop.

        Raises:
            InvalidArguments: the arguments are not in the form that `normalise` gives: not what was approved.
        """
        if self.normalise(arguments) != arguments:
            raise InvalidArguments(f"The arguments of {self.name} are not in their normal form.")
        model = self.signature.arguments.model_validate_json(canonical_json(arguments), strict=True)
        keywords: dict[str, Any] = {key: getattr(model, key) for key in type(model).model_fields}
        if self.signature.context_parameter:
            keywords[self.signature.context_parameter] = context
        function = cast("Callable[..., Any]", self.function)
        if inspect.iscoroutinefunction(function):
            returned = await cast("Awaitable[Any]", function(**keywords))
        else:
            call = functools.partial(contextvars.copy_context().run, function, **keywords)
            returned = await asyncio.get_running_loop().run_in_executor(_THREADS, call)
        return cast("JsonValue", self.signature.result.dump_python(returned, mode="json"))


def tool[**P, R](
    *,
    effect: Effect,
    name: str | None = None,
    version: str = "1",
    timeout: timedelta = timedelta(seconds=30),
    idempotent: bool = False,
    attempts: int | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]:
    """Declare a typed function, sync or async, as a tool.

    Args:
        effect: what a call can do; it decides who must approve it.
        name: the name for the model, by default the function's.
        version: raise it when the meaning changes while the signature stays.
        timeout: for one attempt.
        idempotent: whether a repeated call under the same `ToolContext.idempotency_key` has no further effect.
        attempts: how often an idempotent tool or a read may be tried; 3 by default for those, 1 for others.

    Raises:
        ConfigurationError: the function cannot be a tool; the message says why.
    """
    if not isinstance(effect, Effect):
        raise ConfigurationError(f"A tool's effect is a member of Effect, such as Effect.READ, and not {effect!r}.")

    def declare(function: Callable[P, R]) -> Tool[P, R]:
        tool_name = name if name is not None else function.__name__
        _check_name(tool_name)
        repeatable = idempotent or not effect.side_effecting
        tries = attempts if attempts is not None else (3 if repeatable else 1)
        if tries < 1 or (tries > 1 and not repeatable):
            raise ConfigurationError(
                f"Tool {tool_name!r} asks for {tries} attempts; a side effect is tried once unless it is declared "
                "idempotent=True and honours ctx.idempotency_key."
            )
        if timeout <= timedelta(0):
            raise ConfigurationError(f"Tool {tool_name!r} needs a time-out above zero, not {timeout}.")
        return Tool(
            function=function,
            name=tool_name,
            effect=effect,
            version=version,
            timeout=timeout,
            idempotent=idempotent,
            attempts=tries,
            signature=read_signature(function, tool_name, ToolContext),
        )

    return declare


def _check_name(name: str) -> None:
    if not _TOOL_NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigurationError(
            f"{name!r} cannot name a tool: use lower-case letters, digits and underscores, at most 64."
        )
    if name in _RESERVED or hasattr(builtins, name):
        raise ConfigurationError(f"{name!r} is taken: it already means something to code in a block or to Seconder.")


def _explain(name: str, error: ValidationError) -> str:
    mistakes = mistakes_in(error, "arguments")[:20]
    return f"The arguments of {name} do not fit its signature. " + "; ".join(mistakes) + "."
