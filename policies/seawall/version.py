"""The version of Seawall; ``pyproject.toml`` bears the same one."""

VERSION = "0.2.0"
