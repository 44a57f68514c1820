"""Parameters of a user's own step."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from ..base import Part
from ..code import code_hash


class Custom(Part):
    """A step of your own: a function (cube, **parameters) in a Python file, see docs/custom-step.md."""

    do: Literal["custom"] = "custom"
    file: Path = Field(description="Python file.")
    function: str = Field("apply", description="Name of the function in it.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments for the function.")

    @field_validator("function")
    @classmethod
    def _identifier(cls, value: str) -> str:
        if not value.isidentifier():
            raise ValueError(f"{value!r} is no name of a function; write it without brackets or dots")
        return value

    @field_validator("parameters")
    @classmethod
    def _plain(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name.isidentifier():
                raise ValueError(f"{name!r} is no name of a keyword argument; use letters, digits and underscores")
        return value

    def code(self) -> str:
        """Hash of the file's code, equal as long as only comments and docstrings change.

        Raises
        ------
        ValueError
            If there is no such file, or it is no Python.
        """
        if not self.file.is_file():
            raise ValueError(f"there is no file {self.file}; check the path")
        try:
            return code_hash(self.file)
        except SyntaxError as error:
            raise ValueError(f"{self.file}: line {error.lineno} is no valid Python ({error.msg}); mend it") from None
