/** The JSON Schema (draft 2020-12) of one of the project's own formats, as schemas/ publishes it. */
import * as Schema from "effect/Schema";

export function jsonSchema(title: string, of: Schema.Top): unknown {
  const { dialect, schema, definitions } = Schema.toJsonSchemaDocument(of) as {
    readonly dialect: string;
    readonly schema: object;
    readonly definitions?: object;
  };
  return {
    $schema: `https://json-schema.org/${dialect.replace("-", "/")}/schema`,
    title,
    ...schema,
    ...(definitions === undefined || Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  };
}
