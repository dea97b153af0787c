import fc from 'fast-check';
import { hostileValue } from './hostile-values.ts';

/** The part of JSON Schema that the generated documents use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export type Definitions = Readonly<Record<string, JsonSchema>>;

/** Ids of this run, so that a part of the inputs passes the first checks. */
const IDS = ['{{lobby}}', '{{private}}', '{{own}}', '{{message}}', '{{victim}}', '{{self}}', 'unknown'];
const OPAQUE_ID = '^[A-Za-z0-9_-]+$';
/** One of so many values of an otherwise valid payload is hostile. */
const VALID_WEIGHT = 6;
const MAX_ITEMS = 3;
const MAX_DEPTH = 6;

/** Returns values that match a schema, apart from some parts that do not. */
export function valuesOf(schema: JsonSchema, definitions: Definitions = {}): fc.Arbitrary<unknown> {
  return mostly(schema, definitions, 0);
}

function mostly(schema: JsonSchema, definitions: Definitions, depth: number): fc.Arbitrary<unknown> {
  if (depth > MAX_DEPTH) return hostileValue;
  return fc.oneof(
    { weight: VALID_WEIGHT, arbitrary: valid(schema, definitions, depth) },
    { weight: 1, arbitrary: hostileValue },
  );
}

function valid(schema: JsonSchema, definitions: Definitions, depth: number): fc.Arbitrary<unknown> {
  const next = (child: JsonSchema) => mostly(child, definitions, depth + 1);
  if (schema.$ref) {
    const target = definitions[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)];
    return target ? next(target) : hostileValue;
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return fc.oneof(...choices.map(next));
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  if (type === 'string') return strings(schema);
  if (type === 'integer' || type === 'number') return integers(schema);
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'array') return fc.array(next(schema.items ?? {}), { maxLength: MAX_ITEMS });
  if (type === 'object' || schema.properties) return objects(schema, next);
  return hostileValue;
}

function strings({ pattern, format, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  if (pattern === OPAQUE_ID) return fc.constantFrom(...IDS);
  if (format === 'date-time') return fc.constant('2026-01-31T12:00:00.000Z');
  const longest = Math.min(maxLength, minLength + 40);
  return fc.oneof(
    fc.string({ unit: 'grapheme-ascii', minLength, maxLength: longest }),
    fc.constantFrom('UTC', 'Europe/Berlin', '👍', 'hello'),
  );
}

const integers = ({ minimum = 0, maximum = 2 ** 31 }: JsonSchema): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: minimum, max: Math.min(maximum, minimum + 50) }),
    fc.constantFrom(minimum - 1, maximum, maximum + 1),
  );

function objects(schema: JsonSchema, next: (child: JsonSchema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const fields = Object.entries(schema.properties ?? {});
  const record = fc.record(Object.fromEntries(fields.map(([name, child]) => [name, next(child)])), {
    requiredKeys: [...(schema.required ?? [])].filter((name) => fields.some(([field]) => field === name)),
  });
  const withMore = fc.tuple(record, fc.string({ maxLength: 12 }), hostileValue).map(([object, name, value]) => ({
    ...object,
    [name]: value,
  }));
  const withoutOne = fc
    .tuple(record, fc.nat())
    .map(([object, index]) => Object.fromEntries(Object.entries(object).filter((_, i) => i !== index % fields.length)));
  return fc.oneof(
    { weight: 8, arbitrary: record },
    { weight: 1, arbitrary: withMore },
    { weight: 1, arbitrary: withoutOne },
  );
}
