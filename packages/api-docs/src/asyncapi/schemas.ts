import { z } from 'zod';

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}
export type SchemaReference = { readonly $ref: string };

const SCHEMAS = '#/components/schemas/';

/** Returns a reference to a schema of the protocol by its registered name. */
export function referenceTo(schema: z.ZodType): SchemaReference {
  const name = z.globalRegistry.get(schema)?.id;
  if (name === undefined) throw new Error('the schema has no name: give it `.meta({ id })`');
  return { $ref: SCHEMAS + name };
}

/**
 * Returns the named schemas that `roots` refer to, directly or indirectly, as JSON Schema draft 7, the dialect of AsyncAPI. They
 * describe payloads on the wire, before defaults and transforms.
 */
export function schemasNeededBy(roots: unknown): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    target: 'draft-7',
    io: 'input',
    uri: (name) => SCHEMAS + name,
    override: ({ jsonSchema }) => {
      const { example } = jsonSchema;
      if (example === undefined) return;
      delete jsonSchema.example;
      jsonSchema.examples = [example];
    },
  });
  const needed = new Map<string, JsonSchema>();
  const pending = [...namesIn(roots)];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (needed.has(name)) continue;
    const { $schema: _, $id: __, ...schema } = schemas[name] as JsonSchema;
    needed.set(name, schema);
    pending.push(...namesIn(schema));
  }
  return Object.fromEntries([...needed].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Returns the names of all schemas that a fragment of a document refers to. */
function namesIn(fragment: unknown): string[] {
  if (typeof fragment !== 'object' || fragment === null) return [];
  return Object.entries(fragment).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(SCHEMAS)
      ? [value.slice(SCHEMAS.length)]
      : namesIn(value),
  );
}
