import { ApiError, NONSENSE, OFFLINE, TIMED_OUT } from '@/lib/errors'
import { token } from '@/lib/session'
import { learnTime } from '@/lib/time'

/** The time limit of a response with its body, in milliseconds: longer than the service itself waits for Alipay. */
const PATIENCE = 30_000

/** Any response of the service: a code for the outcome, and other fields. */
export interface Answer<T = unknown> {
  code: number
  data: T
  base_url?: string
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  /** The token; by default that of the buyer. */
  token?: string | undefined
  /** Another time limit of the response, in milliseconds. */
  patience?: number
  /** Codes that count as success beside 200. */
  tolerate?: readonly number[]
}

/**
 * Sends a request and waits for the response, with a time limit.
 *
 * @throws ApiError if no response arrives.
 */
export async function send(path: string, request: Call): Promise<Response> {
  const { method = 'GET', body, headers, patience = PATIENCE } = request
  const caller = 'token' in request ? request.token : token()
  try {
    const answer = await fetch(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(caller === undefined ? {} : { authorization: caller }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience),
      cache: 'no-cache',
    })
    learnTime(answer.headers.get('date'))
    return answer
  } catch (cause) {
    throw noAnswer(cause)
  }
}

/** The error for a response that did not arrive completely. */
export function noAnswer(cause: unknown): ApiError {
  const isLate = cause instanceof DOMException && cause.name === 'TimeoutError'
  return new ApiError(isLate ? TIMED_OUT : OFFLINE)
}

/**
 * Calls one of the shop's operations, which return HTTP 200 with a code.
 *
 * @throws ApiError with every code except 200.
 */
export async function call<T>(path: string, request: Call = {}): Promise<Answer<T>> {
  const reply = await send(path, request)
  const answer = await reply.json().catch(() => undefined as unknown)
  if (!isAnswer(answer)) throw new ApiError(NONSENSE)
  if (answer.code !== 200 && !request.tolerate?.includes(answer.code)) throw new ApiError(answer.code, said(answer), answer.data)
  return answer as Answer<T>
}

/** The text of an error: order operations return it in two fields, all others in a plain `error`. */
function said(answer: Answer): string {
  const { errmsg, error } = answer as { errmsg?: unknown; error?: unknown }
  return [errmsg, error].find((text) => typeof text === 'string') ?? ''
}

function isAnswer(answer: unknown): answer is Answer {
  return typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'number'
}
