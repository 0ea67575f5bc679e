"""A refused client event: the code, message and param of the error event."""

from __future__ import annotations

from realtime_cli.protocol.rules import Problem


class ApiError(Exception):
    """A client event is refused; the session goes on."""

    def __init__(self, code: str | None, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def of_problem(problem: Problem) -> ApiError:
    """The API's words for a value that breaks a rule."""
    param = problem.param
    match problem.code:
        case "unknown_parameter":
            text = f"Unknown parameter: '{param}'."
        case "missing_required_parameter":
            text = f"Missing required parameter: '{param}'."
        case "invalid_type":
            text = f"Invalid type for '{param}': {problem.message}."
        case "invalid_value":
            text = f"Invalid value for '{param}': {problem.message}."
        case _:
            text = f"Invalid '{param}': {problem.message}."
    return ApiError(problem.code, text, param)
