"""Models that stand for a whole source: every query parameter, header, cookie or form field."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict

from vivace.analyse import annotations as kinds
from vivace.analyse.fields import Field, Member
from vivace.analyse.plan import Source
from vivace.declare.params import Form

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def members_of_model(field: Field, source: Source) -> tuple[Member, ...] | None:
    """The fields of the model that ``field`` is; ``None`` where it is no model of its source.

    A model in a JSON body is the body itself, not a collection of parameters. A form may be one of
    several models: these are the fields of all of them.
    """
    if source is Source.PATH or (source is Source.BODY and not isinstance(field.info, Form)):
        return None
    models = models_of(field)
    if not models or (len(models) > 1 and source is not Source.BODY):
        return None
    hyphens = bool(getattr(field.info, "convert_underscores", False))
    return tuple(member for model in models for member in _fields(model, hyphens=hyphens))


def models_of(field: Field) -> tuple[type[BaseModel], ...]:
    """The models that ``field`` may be, ``None`` aside; none where it may be anything else."""
    model = kinds.model_of(field.wire_type)
    if model is not None:
        return (model,)
    if kinds.union_of_models(field.wire_type):
        return kinds.without_none(field.wire_type)
    return ()


def _fields(model: type[BaseModel], *, hyphens: bool) -> tuple[Member, ...]:
    if not model.__pydantic_complete__ and not model.model_rebuild(raise_errors=False):
        # Its fields are other ones once the types exist that they name.
        return tuple(_members(model, hyphens=hyphens))
    return header_fields(model) if hyphens else model_fields(model)


@lru_cache(maxsize=4096)
def model_fields(model: type[BaseModel]) -> tuple[Member, ...]:
    """The fields of ``model``, once for all endpoints that use it."""
    return tuple(_members(model, hyphens=False))


@lru_cache(maxsize=4096)
def header_fields(model: type[BaseModel]) -> tuple[Member, ...]:
    """The fields of ``model`` named as headers are: with hyphens for underscores."""
    return tuple(_members(model, hyphens=True))


def _members(model: type[BaseModel], *, hyphens: bool) -> list[Member]:
    config = model.model_config
    return [
        Member(
            name,
            info,
            names=_names(name, info, config, hyphens=hyphens),
            paths=_paths(info, config),
            config=config,
        )
        for name, info in model.model_fields.items()
    ]


def _names(
    name: str, info: FieldInfo, config: ConfigDict, *, hyphens: bool
) -> tuple[tuple[str, str], ...]:
    """The names that clients may use, each with the key under which the model takes it."""
    aliases = _choices(info) if takes_aliases(config) else []
    names = [(alias, alias) for alias in aliases if isinstance(alias, str)]
    if takes_names(config) or info.validation_alias is None:
        names.append((name.replace("_", "-") if hyphens else name, name))
    return tuple(names)


def _paths(info: FieldInfo, config: ConfigDict) -> tuple[AliasPath, ...]:
    aliases = _choices(info) if takes_aliases(config) else []
    return tuple(alias for alias in aliases if isinstance(alias, AliasPath))


def _choices(info: FieldInfo) -> list[str | AliasPath]:
    alias = info.validation_alias
    if isinstance(alias, AliasChoices):
        return alias.choices
    return [] if alias is None else [alias]


def takes_aliases(config: ConfigDict) -> bool:
    """True where a model of this configuration is filled by its fields' aliases."""
    return config.get("validate_by_alias") is not False


def takes_names(config: ConfigDict) -> bool:
    """True where a model of this configuration is filled by its fields' own names too."""
    by_name = config.get("validate_by_name") or config.get("populate_by_name")
    return bool(by_name) or not takes_aliases(config)
