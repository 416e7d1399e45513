"""The kind of data at each place of a message is known by its path; no place is without."""

from dataclasses import dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.labels import DataKind, Depth, Restriction


class Unkinded(TypeError):
    """A field without a data kind, or with two: mend it before anything is said."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field that is disclosed or withheld whole.

    `path` is like `household.adults[].name`; `restrictions` are those of the field itself;
    `summary` is True where it remains under a policy that gives a summary only.
    """

    path: str
    kind: DataKind
    restrictions: tuple[Restriction, ...] = ()
    summary: bool = False


@cache
def places(model: type[BaseModel]) -> tuple[Place, ...]:
    """Every place of a model, in the order of its fields; raises `Unkinded`."""
    return tuple(
        place for name, info in model.model_fields.items() for place in _of(model, name, info)
    )


def kinds(model: type[BaseModel]) -> dict[str, DataKind]:
    """The data kind of every path of a model; raises `Unkinded`."""
    return {place.path: place.kind for place in places(model)}


def _of(model: type[BaseModel], name: str, info: FieldInfo) -> list[Place]:
    where = f"{model.__name__}.{name}"
    key = info.alias or name
    own = [fact for fact in info.metadata if isinstance(fact, DataKind)]
    if len(own) > 1:
        raise Unkinded(f"{where} carries {len(own)} data kinds: keep one")
    if own:
        restrictions = tuple(fact for fact in info.metadata if isinstance(fact, Restriction))
        return [Place(key, own[0], restrictions, Depth.SUMMARY in info.metadata)]
    found: list[Place] = []
    for part, brackets in _parts(info.annotation, ""):
        if part is None:
            raise Unkinded(f"{where} carries no data kind: write Annotated[…, DataKind.…]")
        found += [replace(place, path=f"{key}{brackets}.{place.path}") for place in places(part)]
    return found


def _parts(annotation: Any, brackets: str) -> list[tuple[type[BaseModel] | None, str]]:
    """The models that a field may hold; None stands for anything that is no model."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        return []
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(annotation, brackets)]
    if origin in (Union, UnionType):
        return [found for part in arguments for found in _parts(part, brackets)]
    if origin is Annotated:
        return _parts(arguments[0], brackets)
    if origin is list or (origin is tuple and arguments[1:] == (...,)):
        return _parts(arguments[0], brackets + "[]")
    return [(None, brackets)]
