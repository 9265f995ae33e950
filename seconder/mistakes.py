"""What is wrong with an input, in words: for a person, a model or a caller to mend."""

from pydantic import ValidationError


def mistakes_in(error: ValidationError, root: str) -> list[str]:
    """Each mistake as `place: what is wrong`; `root` names the place of one that concerns the whole input.

    The input itself is never repeated: it may be secret, or huge.
    """
    return [
        f"{'.'.join(str(part) for part in detail['loc']) or root}: {detail['msg']}"
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]
