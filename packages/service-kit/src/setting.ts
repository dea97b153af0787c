import { z } from 'zod';

/** The sections of `docs/configuration.md` and `.env.example`, in their order. */
export const SETTING_SECTIONS = [
  'Local cluster',
  'Limits and sessions',
  'Presence',
  'Storage',
  'Access',
  'Limits by address and rate',
  'Message log',
  'Processes',
] as const;

/** The documentation of one setting, for operators. */
export interface SettingDoc {
  readonly section: (typeof SETTING_SECTIONS)[number];
  /** The effect of the setting, in one or two sentences. */
  readonly meaning: string;
  /** The unit of a number, such as `ms`. */
  readonly unit?: string;
  /** The allowed values; a wrong value's error message says the same. */
  readonly allowed: string;
  /** The advantages and costs of other values. */
  readonly tradeOff?: string;
  /** Each process needs a value of its own, so one file of settings for the whole cluster leaves it out. */
  readonly isPerProcess?: boolean;
}

const documentation = z.registry<SettingDoc>();

/** Attaches the documentation to a schema. Call it last: a default or transformation makes a new schema. */
export function setting<T extends z.ZodType>(schema: T, doc: SettingDoc): T {
  documentation.add(schema, doc);
  return schema;
}

type NumberDoc = Omit<SettingDoc, 'allowed'> & {
  readonly min: number;
  readonly max: number;
  readonly default: number;
};

/** A whole number from `min` to `max`. */
export function integerSetting({ min, max, default: fallback, ...doc }: NumberDoc) {
  const allowed = `a whole number from ${min} to ${max}`;
  return setting(integer(min, max, allowed).default(fallback), { ...doc, allowed });
}

/** A whole number from `min` to `max`, or undefined. */
export function optionalIntegerSetting({ min, max, ...doc }: Omit<NumberDoc, 'default'>) {
  const allowed = `a whole number from ${min} to ${max}`;
  return setting(integer(min, max, allowed).optional(), { ...doc, allowed });
}

const integer = (min: number, max: number, allowed: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, allowed)
    .transform(Number)
    .pipe(z.number().min(min, allowed).max(max, allowed));

/** A port; by default 0, which means any free one. */
export const portSetting = (doc: Omit<NumberDoc, 'min' | 'max' | 'default'>) =>
  integerSetting({ ...doc, min: 0, max: 65_535, default: 0 });

export function booleanSetting({ default: fallback, ...doc }: Omit<SettingDoc, 'allowed'> & { default: boolean }) {
  const allowed = 'true or false';
  const schema = z
    .enum(['true', 'false', '1', '0'], { error: allowed })
    .transform((value) => value === 'true' || value === '1')
    .default(fallback);
  return setting(schema, { ...doc, allowed });
}

/** A URL with one of the given schemes. */
export function urlSetting({ schemes, ...doc }: SettingDoc & { readonly schemes: readonly string[] }) {
  const schema = z.string().refine((value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)), doc.allowed);
  return setting(schema, doc);
}

/** One row of a settings table. */
export interface SettingRow extends SettingDoc {
  readonly name: string;
  /** Undefined = none. */
  readonly default: string | undefined;
  /** The process does not start without a value. */
  readonly isRequired: boolean;
}

/** Lists the settings of a schema with their documentation. @throws Error when a setting has none */
export const describeSettings = (schema: z.ZodObject): SettingRow[] =>
  Object.entries(schema.shape).map(([name, field]) => {
    let inner: z.core.$ZodType = field;
    let fallback: unknown;
    let doc = documentation.get(field);
    while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) {
      if (inner instanceof z.ZodDefault) fallback = inner.def.defaultValue;
      inner = inner.def.innerType;
      doc ??= documentation.get(inner);
    }
    if (!doc) throw new Error(`the setting ${name} has no documentation`);
    const isEmpty = fallback === undefined || (Array.isArray(fallback) && fallback.length === 0);
    return {
      name,
      ...doc,
      default: isEmpty ? undefined : String(fallback),
      isRequired: !z.safeParse(field as z.ZodType, undefined).success,
    };
  });
