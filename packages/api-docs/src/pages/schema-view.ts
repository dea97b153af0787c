import type { JsonSchema } from '../asyncapi/schemas.ts';
import { type Html, html, NOTHING, prose } from './html.ts';

/** Returns the id of the section of a named schema. */
export const schemaAnchor = (name: string): string => `schema-${name}`;

const asSchema = (value: unknown): JsonSchema => (value ?? {}) as JsonSchema;
const asSchemas = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? value : []);

/** Renders the fields of an object, with those that it inherits. Renders nothing for other types. */
export function renderFields(schema: JsonSchema): Html {
  const inherited = asSchemas(schema.allOf).map((part) => (part.$ref ? NOTHING : renderFields(part)));
  const properties = Object.entries(asSchema(schema.properties));
  if (properties.length === 0) return html`${inherited}`;
  const required = new Set(schema.required as readonly string[] | undefined);
  const rows = properties.map(([name, value]) => renderField(name, asSchema(value), required.has(name)));
  return html`${inherited}<dl class="fields">${rows}</dl>`;
}

function renderField(name: string, schema: JsonSchema, required: boolean): Html {
  const need = required ? html`<strong class="required">required</strong>` : html`<span>optional</span>`;
  const description = typeof schema.description === 'string' ? html`<p>${prose(schema.description)}</p>` : NOTHING;
  const nested = schema.type === 'array' ? asSchema(schema.items) : schema;
  return html`<div><dt><code>${name}</code> <span class="type">${renderType(schema)}</span> ${need}</dt>
<dd>${description}${renderFields(nested)}</dd></div>`;
}

/** Renders a short description of a type: `string, 1 to 64 characters`. Named schemas become links. */
export function renderType(schema: JsonSchema): Html {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return html`<a href="#${schemaAnchor(name)}">${name}</a>`;
  }
  const [only, ...others] = asSchemas(schema.allOf);
  if (only && others.length === 0) return renderType(only);
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (Array.isArray(schema.enum)) {
    return html`one of ${schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code> `)}`;
  }
  const bounds = describeBounds(schema);
  const suffix = bounds && `, ${bounds}`;
  if (schema.type === 'array') return html`array of ${renderType(asSchema(schema.items))}${suffix}`;
  if (schema.format === 'date-time') return html`string, a time in ISO 8601, UTC`;
  const types = Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
  return html`${types}${suffix}`;
}

function describeBounds(schema: JsonSchema): string {
  const maximum = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum;
  return [
    describeRange(schema.minLength, schema.maxLength, ' characters'),
    describeRange(schema.minimum, maximum, ''),
    describeRange(schema.minItems, schema.maxItems, ' items'),
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function describeRange(from: unknown, to: unknown, unit: string): string {
  if (from === undefined && to === undefined) return '';
  if (to === undefined) return `at least ${from}${unit}`;
  return from === undefined ? `at most ${to}${unit}` : `${from} to ${to}${unit}`;
}
