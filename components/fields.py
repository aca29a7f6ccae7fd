"""The kinds of value a component's props can be made of, and what each refuses.

A prop never holds a price, an address or markup: the model chooses products, categories and
short copy, and everything else is the catalog's. A refused value raises an error whose type is
the refusal code that the page's trace shows.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args

from annotated_types import MinLen
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo, with_info_after_validator_function

from app.util.joiners import drop_shaping


class Props(BaseModel):
    """The base of every component's props: nothing extra, nothing coerced, nothing changed.

    `slots` names the slots a component may fill, the likeliest first. The class's docstring
    and each field's description are what the model is told.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
    slots: ClassVar[tuple[str, ...]]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Let a list be as short as a small shop makes it, and nothing sold out lead."""
        for field in cls.model_fields.values():
            kinds = [mark.kind for mark in _marks(field.annotation) if isinstance(mark, Names)]
            if kinds:
                field.metadata = [
                    AtLeast(item.min_length, kinds[0]) if isinstance(item, MinLen) else item
                    for item in field.metadata
                ]
            if "products" in kinds:
                field.metadata = [*field.metadata, BeforeValidator(_as_list)]
            kinds += [item.kind for item in field.metadata if isinstance(item, Names)]
            if "products" in kinds:
                field.metadata = [*field.metadata, AfterValidator(_in_stock_first)]

    @model_validator(mode="after")
    def _says_what_is_stated(self, info: ValidationInfo) -> Self:
        """Hold all copy to the catalog's texts of what these props name, where a judge is given."""
        judge = (info.context or {}).get("copy")
        if judge is None:
            return self
        marked = list(_marked(self))
        named = [str(name) for _, name, mark in marked if mark == _PRODUCTS]
        copy = [(path, text) for path, text, mark in marked if isinstance(mark, Wording)]
        found = [(*piece, finding) for piece in copy for finding in judge(piece[1], named)]
        language = (info.context or {}).get("language")
        if copy and not found and language is not None:
            long = [piece for piece in copy if len(piece[1]) >= _TELLS_ITS_LANGUAGE]
            found = [(*piece, finding) for piece in long for finding in language([piece[1]], named)]
            together = [text for _, text in copy]  # one may be too short to tell by
            found = found or [(*copy[0], finding) for finding in language(together, named)]
        faults: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError(
                    finding.code, "copy says: {words}", {"words": finding.words}
                ),
                "loc": path,
                "input": text,
            }
            for path, text, finding in found
        ]
        if faults:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self


_TELLS_ITS_LANGUAGE = 60
"""Characters of a text that has a language of its own: a shorter one may be a name or a quote."""


class Names(NamedTuple):
    """Marks a field whose value must be the name of something we sell."""

    kind: str
    code: str


class Wording(NamedTuple):
    """Marks a field whose value is copy: what it says must be what the catalog states."""


class AtLeast(NamedTuple):
    """The fewest names in a list. Where the shop sells little, half of what it sells will do."""

    fewest: int
    kind: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "minItems": self.fewest}

    def _check(self, names: list[str], info: ValidationInfo) -> list[str]:
        sold = len((info.context or {}).get(self.kind, ()))
        fewest = min(self.fewest, max(sold // 2, 1))
        if len(names) < fewest:
            raise PydanticCustomError("too_short", "at least {fewest}", {"fewest": fewest})
        return names


_PRODUCTS = Names("products", "UNKNOWN_PRODUCT")


def _marks(annotation: Any) -> Iterator[Names | Wording]:
    """Yield the marks of what a type is made of."""
    for item in get_args(annotation):
        if isinstance(item, Names | Wording):
            yield item
        yield from _marks(item)


@lru_cache(256)
def _marks_of(kind: type[BaseModel], name: str) -> frozenset[Names | Wording]:
    """Return the marks of a field, however often it is looked at."""
    field = kind.model_fields[name]
    own = [mark for mark in field.metadata if isinstance(mark, Names | Wording)]
    return frozenset((*own, *_marks(field.annotation)))


def _marked(props: BaseModel) -> Iterator[tuple[tuple[str | int, ...], Any, Names | Wording]]:
    """Yield the marked values of props and of those within them, each with its path."""
    for name in type(props).model_fields:
        value, marks = getattr(props, name), _marks_of(type(props), name)
        listed = enumerate(value) if isinstance(value, list | tuple) else [(None, value)]
        for at, item in listed:
            path = (name,) if at is None else (name, at)
            if isinstance(item, BaseModel):
                yield from (((*path, *inner), *rest) for inner, *rest in _marked(item))
            elif isinstance(item, str):
                yield from ((path, item, mark) for mark in marks)


# Strings, compiled by `re` at their first use and kept there: not while the shop opens.
_MARKUP = r"[<>{}]|&#?\w+;|\[[^\]]*\]\(|```"
_ADDRESS = (
    r"(?i)\w+://|\b(?:javascript|data|vbscript|mailto|tel)\s*:|\bwww\.|\w@\w|"
    r"(?:^|\s)//\w|\b[a-z0-9-]+\.[a-z]{2,24}/|"
    r"\b[a-z0-9-]{2,}\.(?:com|net|org|io|co|shop|store|info|biz|dev|app|xyz|de|fr|uk|eu|ru|cn|me)\b|"
    r"\b[^\W\d_][\w-]+\.(?-i:[a-z\u0430-\u045f]{2})"
)
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


_LONGEST_COPY = 1_000
"""Characters, whatever a prop allows: judging copy takes the time of its length."""


def _folded(value: object) -> object:
    """Return copy with its spaces folded, before anything measures it."""
    if not isinstance(value, str):
        return value
    return " ".join(unicodedata.normalize("NFC", value).split())


def _plain(text: str) -> str:
    """Return the copy, or refuse what copy must not hold."""
    if len(text) > _LONGEST_COPY:
        raise PydanticCustomError("string_too_long", "copy is longer than any may be")
    readable = unicodedata.normalize("NFKC", text)
    if any(unicodedata.category(char) in _HIDDEN_CATEGORIES for char in drop_shaping(text)):
        raise PydanticCustomError("HIDDEN_CHARACTERS", "copy holds characters nobody can see")
    if re.search(_MARKUP, readable):
        raise PydanticCustomError("MARKUP_IN_COPY", "copy holds markup")
    if re.search(_ADDRESS, readable):
        raise PydanticCustomError("URL_IN_COPY", "copy holds an address")
    return text


def _sold(kind: str, code: str) -> AfterValidator:
    def check(name: str, info: ValidationInfo) -> str:
        if name not in (info.context or {}).get(kind, ()):
            raise PydanticCustomError(code, "there is no such {kind}", {"kind": kind})
        return name

    return AfterValidator(check)


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise PydanticCustomError("REPEATED_NAME", "the same name stands twice")
    return names


def _in_stock_first(value: Any, info: ValidationInfo) -> Any:
    """Return a list with what is sold out at its end; refuse where nothing else is named.

    Where the shop itself has nothing in stock, what is sold out may lead.
    """
    products = (info.context or {}).get("products", {})
    names = [value] if isinstance(value, str) else value
    in_stock = [name for name in names or () if products[name].available]
    if names and not in_stock and any(item.available for item in products.values()):
        raise PydanticCustomError("SOLD_OUT_LEADS", "sold out, while the shop has others in stock")
    if not isinstance(value, list):
        return value
    return [*in_stock, *(name for name in value if name not in in_stock)]


def _as_list(names: object, info: ValidationInfo) -> object:
    """Return product ids that were written as one text as the list it is: no id has a comma."""
    if not isinstance(names, str):
        return names
    (info.context or {}).get("repairs", Counter())["NAME_WRAPPED"] += 1
    return [name.strip() for name in names.split(",")]


def _as_text(name: object, info: ValidationInfo) -> object:
    """Return a name as the catalog has it, that was written as a number or wrapped."""
    bare = name[0] if isinstance(name, list) and len(name) == 1 else name
    if isinstance(bare, dict):
        bare = next((bare[key] for key in ("id", "product_id") if key in bare), bare)
    if isinstance(bare, float) and bare.is_integer():
        bare = int(bare)
    is_number = isinstance(bare, int) and not isinstance(bare, bool)
    text = str(bare) if is_number else bare
    if text is not name:
        kind = "NAME_AS_NUMBER" if is_number else "NAME_WRAPPED"
        (info.context or {}).get("repairs", Counter())[kind] += 1
    return text


Copy = Annotated[
    str, Field(min_length=2), Wording(), AfterValidator(_plain), BeforeValidator(_folded)
]
ProductId = Annotated[
    str,
    Field(json_schema_extra={"names": "products"}),
    _PRODUCTS,
    _sold("products", "UNKNOWN_PRODUCT"),
    BeforeValidator(_as_text),
]
Category = Annotated[
    str,
    Field(json_schema_extra={"names": "categories"}),
    Names("categories", "UNKNOWN_CATEGORY"),
    _sold("categories", "UNKNOWN_CATEGORY"),
    BeforeValidator(_as_text),
]


def _described(name: str, info: ValidationInfo) -> str:
    item = (info.context or {}).get("products", {}).get(name)
    if item is not None and not item.is_told:
        raise PydanticCustomError("not_described", "the catalog says too little of it")
    return name


def described() -> AfterValidator:
    """Mark a product of which the catalog must say enough to be read."""
    return AfterValidator(_described)


def _alike(names: list[str], info: ValidationInfo) -> list[str]:
    products = (info.context or {}).get("products", {})
    if len({products[name].category for name in names if name in products}) > 1:
        raise PydanticCustomError("not_alike", "they are of different categories")
    return names


def alike() -> AfterValidator:
    """Mark a list of products that must be of one category."""
    return AfterValidator(_alike)


def viewed() -> FieldInfo:
    """Mark products that the shopper has viewed: chosen by rule, and never replaced by others."""
    info: FieldInfo = Field(json_schema_extra={"viewed": True})
    return info


def distinct() -> AfterValidator:
    """Mark a list whose names must differ from each other."""
    return AfterValidator(_distinct)


__all__ = [
    "Category",
    "Copy",
    "Field",
    "Names",
    "ProductId",
    "Props",
    "alike",
    "described",
    "distinct",
    "viewed",
]
