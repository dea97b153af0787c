import { errorFromStatus, isErrorBody, ParleyError, unavailableError } from '../parley-error.ts';

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** Lets the request outlive the page that made it. */
  readonly keepalive?: boolean;
}

export interface JsonReply<T> {
  /** Undefined where the reply has no content. */
  readonly body: T;
  readonly headers: Headers;
}

/**
 * One HTTP exchange. The reply's shape is trusted: it comes from the same release as this file.
 *
 * @throws ParleyError a refusal, or `UNAVAILABLE` when no answer came within the deadline
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
    if (!response.ok) throw await refusalIn(response);
    const text = await response.text();
    return { body: (text === '' ? undefined : JSON.parse(text)) as T, headers: response.headers };
  } catch (error) {
    throw error instanceof ParleyError ? error : unavailableError(error);
  }
}

async function refusalIn(response: Response): Promise<ParleyError> {
  const problem: unknown = await response.json().catch(() => undefined);
  return isErrorBody(problem) ? new ParleyError(problem) : errorFromStatus(response.status);
}
