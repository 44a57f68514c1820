"""The typed configuration: defaults, checks, error sentences, names and paths."""

from .base import canonical
from .code import code_hash
from .files import check_files, check_yaml, mask_files, products
from .load import load, merge, parse, with_folder
from .paths import Paths
from .study import Study

__all__ = [
    "Paths",
    "Study",
    "canonical",
    "check_files",
    "check_yaml",
    "code_hash",
    "load",
    "mask_files",
    "merge",
    "parse",
    "products",
    "with_folder",
]
