import { ApiError, NONSENSE, OFFLINE, TIMED_OUT } from '@/lib/errors'
import { token } from '@/lib/session'
import { learnTime } from '@/lib/time'

/** How long an answer may take, its body included, in milliseconds: longer than the service itself waits for Alipay. */
const PATIENCE = 30_000

/** Whatever the service answers: a code that tells the outcome, and more. */
export interface Answer<T = unknown> {
  code: number
  data: T
  base_url?: string
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  /** Who calls: the buyer's token unless another is given. */
  token?: string | undefined
  /** How long the answer may take where that is not as usual, in milliseconds. */
  patience?: number
  /** Codes beside 200 that are as good. */
  tolerate?: readonly number[]
}

/**
 * Sends a request and waits for the answer, not for ever.
 *
 * @throws ApiError where no answer comes.
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

/** Why an answer, or the rest of it, does not come. */
export function noAnswer(cause: unknown): ApiError {
  const isLate = cause instanceof DOMException && cause.name === 'TimeoutError'
  return new ApiError(isLate ? TIMED_OUT : OFFLINE)
}

/**
 * Calls one of the shop's operations, which answer HTTP 200 with a code.
 *
 * @throws ApiError with every code but 200.
 */
export async function call<T>(path: string, request: Call = {}): Promise<Answer<T>> {
  const reply = await send(path, request)
  const answer = await reply.json().catch(() => undefined as unknown)
  if (!isAnswer(answer)) throw new ApiError(NONSENSE)
  if (answer.code !== 200 && !request.tolerate?.includes(answer.code)) throw new ApiError(answer.code, said(answer), answer.data)
  return answer as Answer<T>
}

/** The text of an error: the orders say it twice, the rest of the shop in a plain `error`. */
function said(answer: Answer): string {
  const { errmsg, error } = answer as { errmsg?: unknown; error?: unknown }
  return [errmsg, error].find((text) => typeof text === 'string') ?? ''
}

function isAnswer(answer: unknown): answer is Answer {
  return typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'number'
}
