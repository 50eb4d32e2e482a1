"""JSON Schemas of the fields of a document, and the definitions that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import core_schema

    from vivace.analyse.fields import Field, Mode

JsonSchema = dict[str, Any]

REFERENCE_PREFIX = "#/components/schemas/"
REFERENCE_TEMPLATE = REFERENCE_PREFIX + "{model}"


class OpenAPISchemaGenerator(GenerateJsonSchema):
    """Pydantic's generator, with bytes as OpenAPI 3.1 has them."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchema:
        """Binary data: as it is, or as base64 within JSON (OpenAPI 3.1 §4.8.14.3)."""
        json_schema: JsonSchema = {
            "type": "string",
            "contentMediaType": "application/octet-stream",
        }
        is_input = self.mode == "validation"
        encoding = self._config.val_json_bytes if is_input else self._config.ser_json_bytes
        if encoding == "base64":
            json_schema["contentEncoding"] = "base64"
        self.update_with_validations(json_schema, schema, self.ValidationsMapping.bytes)
        return json_schema


class Schemas:
    """The schemas of ``fields``, made together so that no two definitions have one name.

    Args:
        fields: Every field that the document shows.
        separate_input_and_output: Whether a model that is sent differently from how it is
            received has two definitions. Otherwise it has only that of its input, unless it has
            computed fields, which no input can show.
    """

    def __init__(self, fields: Iterable[Field], *, separate_input_and_output: bool = True) -> None:
        self._modes = {
            field: _mode(field, separate=separate_input_and_output)
            for field in dict.fromkeys(fields)
        }
        generator = OpenAPISchemaGenerator(ref_template=REFERENCE_TEMPLATE)
        inputs = [(field, mode, field.core_schema) for field, mode in self._modes.items()]
        self._schemas, definitions = generator.generate_definitions(inputs)
        self.definitions: dict[str, JsonSchema] = {
            name: _public(definition) for name, definition in definitions.items()
        }

    def of(self, field: Field, *, name: str | None = None) -> JsonSchema:
        """The schema of ``field``: a reference where its type has a definition.

        Any other schema has a title: that of the declaration, or else ``name`` in words, which
        by default is the name that clients use.
        """
        schema: JsonSchema = dict(self._schemas[field, self._modes[field]])
        if "$ref" not in schema:
            schema["title"] = field.info.title or in_words(name or field.validation_name)
        return schema

    def definition(self, schema: JsonSchema) -> JsonSchema | None:
        """The definition that ``schema`` refers to; ``None`` where it is no reference."""
        reference = schema.get("$ref")
        if reference is None:
            return None
        return self.definitions[reference.removeprefix(REFERENCE_PREFIX)]


def in_words(name: str) -> str:
    """A name as a title for people."""
    return name.title().replace("_", " ")


def _public(definition: JsonSchema) -> JsonSchema:
    """A definition without what its description has after a form feed, which is not for clients."""
    description = definition.get("description")
    if not isinstance(description, str):
        return definition
    return {**definition, "description": description.partition("\f")[0]}


def _mode(field: Field, *, separate: bool) -> Mode:
    return field.mode if separate or _has_computed_fields(field.core_schema) else "validation"


def _has_computed_fields(schema: Any) -> bool:
    """Whether a core schema, or any schema within it, has fields that only an output has."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if item.get("computed_fields"):
                return True
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
    return False


__all__ = ["REFERENCE_PREFIX", "JsonSchema", "OpenAPISchemaGenerator", "Schemas", "in_words"]
