import { errorFromReply, ParleyError, unavailableError } from '../parley-error.ts';

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** Allows the request to complete after the page is closed. */
  readonly keepalive?: boolean;
}

export interface JsonReply<T> {
  /** Undefined if the reply has no content. */
  readonly body: T;
  readonly headers: Headers;
}

/**
 * Sends an HTTP request and parses the JSON reply. The shape of the reply is not validated, because server and client come
 * from the same release.
 *
 * @throws ParleyError the error of the cluster, or `UNAVAILABLE` if no answer arrived in time
 */
export async function requestJson<T>(url: string, request: JsonRequest): Promise<JsonReply<T>> {
  const { method, body, deadlineMs, keepalive = false } = request;
  const headers = { accept: 'application/json', ...request.headers };
  try {
    const response = await fetch(url, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      credentials: 'same-origin',
      keepalive,
      signal: AbortSignal.timeout(deadlineMs),
    });
    if (!response.ok) throw await readError(response);
    const text = await response.text();
    return { body: (text === '' ? undefined : JSON.parse(text)) as T, headers: response.headers };
  } catch (error) {
    throw error instanceof ParleyError ? error : unavailableError(error);
  }
}

async function readError(response: Response): Promise<ParleyError> {
  return errorFromReply(response.status, await response.json().catch(() => undefined));
}
