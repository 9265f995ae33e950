"""Everything Seconder raises on purpose.

    SeconderError
    ├── ConfigurationError      a setting, an agent or a tool is wrong: start-up stops
    ├── ToolError               raised by a tool: known not to have happened
    ├── ContractError           a message between processes does not say what it must
    ├── SessionFailedError      a session ended without a result (raised by `seconder.client`)
    └── ServiceError            a service we talk to could not be used
        └── NotFoundError       it answered, and what was asked for is not there

What a person or a model decides (denied, expired, refused) is a value, never one of these.
"""


class SeconderError(Exception):
    """The root of this tree; catching it catches nothing that others raise."""


class ConfigurationError(SeconderError):
    """A setting, an agent or a tool is wrong; the message names it and says how to mend it."""


class ToolError(SeconderError):
    """A tool raises this when it knows that its side effect did not happen.

    The message goes to the model and into the receipt. Any other exception of a side-effecting tool means that
    nobody can know, and is recorded as *outcome unknown*.
    """


class ContractError(SeconderError):
    """A message between processes does not hold together: a digest, an id or a version does not match."""


class ServiceError(SeconderError):
    """Temporal, Slack, the model or the sandbox could not be used; the message says which and why."""


class NotFoundError(ServiceError):
    """The service answered, and the session, request or agent that was asked for is not there."""
