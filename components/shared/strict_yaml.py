"""YAML as people write it, read so that nothing is guessed: the scalars of YAML 1.2, and each key once.

YAML 1.1, which PyYAML reads, takes 0123 for 83, 1:30 for 90 and `no` for false, and of two equal keys the last one.
Here `yes`, `no`, `on`, `off`, times and days are text, as in YAML 1.2. What the versions read as different numbers
(0123) is refused, as are keys that stand twice or are no text. Of YAML 1.1 stay merge keys (`<<: *name`) and digits in
groups (1_000_000). Errors name the file and the line.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from inkling.components.shared.text import require_text
from inkling.models.settings import ConfigError

if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:  # the loader in C reads in a tenth of the time, where PyYAML was built with it
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PREFIX = "tag:yaml.org,2002:"
_TEXT, _MERGE = f"{_PREFIX}str", f"{_PREFIX}merge"
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_DEEPEST = 100
_SCALARS = {
    "null": ("|~|null|Null|NULL", ("", "~", "n", "N")),
    "bool": ("true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (f"[-+]?{_DIGITS}|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        rf"[-+]?(?:\.{_DIGITS}|{_DIGITS}(?:\.(?:{_DIGITS})?)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "merge": ("<<", "<"),
}
"""Plain scalars that are no text: their pattern and the characters that they begin with."""


class _Loader(_Base):
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


class _Dumper(yaml.SafeDumper):
    """Quotes text that either version of YAML would read as something else."""


for _name, (_pattern, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_PREFIX + _name, re.compile(f"^(?:{_pattern})$"), list(_first))

_CONSTRUCTORS: dict[str, Callable[[str], Any]] = {
    "bool": lambda value: value.lower() == "true",
    "int": lambda value: int(value.replace("_", ""), 0),
    "float": lambda value: float(value.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")),
}
for _name, _made in _CONSTRUCTORS.items():
    _Loader.add_constructor(_PREFIX + _name, lambda _, node, made=_made: made(node.value))


def read_file(path: Path) -> dict[str, Any]:
    """Reads a YAML file that must hold a mapping.

    Raises:
        ConfigError: If it is not UTF-8, no such YAML or no mapping; the message names the file and the line or byte.
        OSError: If it cannot be read.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: byte {error.start} (0x{content[error.start]:02x}) is no UTF-8: save it as UTF-8"
        ) from None
    return read_mapping(text, str(path))


def read_mapping(text: str, place: str = "settings") -> dict[str, Any]:
    """Reads YAML text that must hold a mapping.

    Args:
        text: The text.
        place: Where it stands, for messages.

    Raises:
        ConfigError: If the text is no such YAML or no mapping.
    """
    loaded = read_value(text, place)
    if not isinstance(loaded, dict):
        found = "nothing" if loaded is None else type(loaded).__name__
        raise ConfigError(f"{place}: expected a mapping of settings, got {found}")
    return loaded


def read_value(text: str, place: str) -> Any:
    """Reads one value of YAML text, such as what follows `--set stage.key=`; the other arguments as `read_mapping`."""
    require_text(text, place)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _Check(loader, place).node(node)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        words = ": ".join(part for part in (error.context, error.problem) if part)
        if "invalid Unicode character escape" in words:  # the parser in Python leaves it to the check
            words += ", which is no character: write the character itself"
        raise ConfigError(f"{place}{line}: not valid YAML: {words}") from None
    except ConfigError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise ConfigError(f"{place}: not valid YAML: {error}") from None


def write_mapping(mapping: Mapping[str, Any]) -> str:
    """A mapping of plain values as sorted YAML text, which `read_mapping` and YAML 1.1 read back as the same."""
    return yaml.dump(mapping, Dumper=_Dumper, sort_keys=True)


class _Check:
    """Refuses what could be read in two ways, before anything is made of it."""

    def __init__(self, loader: Any, place: str) -> None:
        self._loader, self._place = loader, place
        self._checked = set[int]()
        self._within = list[int]()

    def node(self, node: yaml.Node) -> None:
        if id(node) in self._within:
            raise self._error(node, "an alias stands within what it names")
        if len(self._within) > _DEEPEST:
            raise self._error(node, f"more than {_DEEPEST} levels within one another")
        if id(node) in self._checked:
            return
        self._checked.add(id(node))
        self._within.append(id(node))
        if isinstance(node, yaml.MappingNode):
            self._mapping(node)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.node(item)
        else:
            self._scalar(node)
        if node.tag not in (_TEXT, self._meant(node)):
            raise self._error(node, f"the tag {node.tag.replace(_PREFIX, '!!')} is not read here: leave it out")
        self._within.pop()

    def _mapping(self, node: yaml.MappingNode) -> None:
        lines = dict[str, int]()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (_TEXT, _MERGE):
                write = f": write '{key.value}'" if isinstance(key, yaml.ScalarNode) else ""
                raise self._error(key, f"a key must be text{write}")
            line = key.start_mark.line + 1
            if key.value in lines:
                raise self._error(
                    key, f"the key '{key.value}' stands twice, first in line {lines[key.value]}: keep one"
                )
            lines[key.value] = line
            self.node(key)
            self.node(value)

    def _scalar(self, node: yaml.Node) -> None:
        value = node.value
        require_text(value, f"{self._place}, line {node.start_mark.line + 1}")
        if node.tag != f"{_PREFIX}int":
            return
        digits = value.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xo":
            number = digits.replace("_", "").lstrip("0") or "0"
            sign = "-" if value[0] == "-" else ""
            raise self._error(
                node,
                f"{value} is octal to some and decimal to others: write {sign}{number} for the number, or '{value}'",
            )

    def _meant(self, node: yaml.Node) -> str:
        """The tag of a node that states none."""
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        return str(self._loader.resolve(type(node), node.value, (plain, not plain)))

    def _error(self, node: yaml.Node, problem: str) -> ConfigError:
        return ConfigError(f"{self._place}, line {node.start_mark.line + 1}: {problem}")
