import type { JsonSchema, SchemaReference } from './schemas.ts';

/** A packet, an ack, or one side of the handshake. */
export interface AsyncApiMessage {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly description?: string;
  readonly payload: JsonSchema | SchemaReference;
  readonly examples: readonly { readonly name: string; readonly payload: unknown }[];
}

export interface AsyncApiOperation {
  /** As the server sees it: it receives what clients emit. */
  readonly action: 'receive' | 'send';
  readonly channel: SchemaReference;
  readonly title: string;
  readonly summary: string;
  readonly description: string;
  readonly messages: readonly SchemaReference[];
  readonly reply?: { readonly channel: SchemaReference; readonly messages: readonly SchemaReference[] };
}

export interface AsyncApiDocument {
  readonly asyncapi: '3.1.0';
  readonly info: JsonSchema & { readonly title: string; readonly version: string; readonly description: string };
  readonly defaultContentType: string;
  readonly servers: JsonSchema;
  readonly channels: {
    readonly socket: JsonSchema & { readonly messages: Readonly<Record<string, AsyncApiMessage>> };
  };
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}
