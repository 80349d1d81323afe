import { AdminError, ApiError, NONSENSE } from '@/lib/errors'
import { onReturn } from '@/lib/onReturn'
import { kept } from '@/lib/storage'
import { fullWidth } from '@/lib/words'

import { send } from './http'

const TOKEN = 'dashop_staff_token'
/** A text with other characters is no token, and cannot be sent in a header. */
const IS_TOKEN = /^[\w.-]+$/

/** The staff token, shared by all tabs of this browser. */
export function staffToken(): string | undefined {
  const token = kept.get(TOKEN)
  return token !== undefined && IS_TOKEN.test(token) ? token : undefined
}

/** Stores a pasted token, without line breaks from a terminal. Returns false if the text is no token. */
export function signInStaff(pasted: string): boolean {
  const token = pasted.trim().replace(/^Bearer\s+/i, '').replace(/\s+/g, '')
  if (!IS_TOKEN.test(token)) return false
  kept.set(TOKEN, token)
  return true
}

export function signOutStaff(): void {
  kept.remove(TOKEN)
}

/** Calls back when another tab signs in or out, or may have done so while the browser kept this page in its cache. */
export function onStaffChange(changed: () => void): void {
  addEventListener('storage', (event) => {
    // A missing key means that the whole storage was cleared.
    if (event.key === TOKEN || event.key === null) changed()
  })
  onReturn(changed)
}

let turnAway: () => void = () => undefined
/** Calls back when the service refuses the token, which is then deleted. */
export function onTurnedAway(work: () => void): void {
  turnAway = work
}

/** Takes the one-time code from the link that the program prints, and removes it from the address bar. */
export function codeFromLink(): string | undefined {
  const code = /^#code=(\w+)$/.exec(location.hash)?.[1]
  if (code !== undefined) history.replaceState(history.state, '', location.pathname + location.search)
  return code
}

/**
 * Exchanges the code of a link for a session.
 *
 * @throws AdminError 401 if the code was used before or has expired.
 */
export async function signInWithCode(code: string): Promise<void> {
  signInStaff((await jsonOf<{ token: string }>(await request('session', { code }))).token)
}

/** Runs a request with the current token; after a 401, again if another tab has stored a new one. */
export async function ask(path: string, body?: unknown, patience?: number): Promise<Response> {
  const used = staffToken()
  try {
    return await request(path, body, patience)
  } catch (cause) {
    if (cause instanceof AdminError && cause.status === 401) {
      if (staffToken() !== used) return ask(path, body, patience)
      signOutStaff()
      turnAway()
    }
    throw cause
  }
}

async function request(path: string, body: unknown, patience?: number): Promise<Response> {
  const method = body === undefined ? 'GET' : 'POST'
  const limit = patience === undefined ? {} : { patience }
  const answer = await send(`/v1/admin/${path}`, { method, body, token: staffToken(), ...limit })
  if (answer.ok) return answer
  const said = (await answer.json().catch(() => undefined)) as { error?: { code?: string; message?: string } } | undefined
  const { code = '', message = `操作未完成（HTTP ${String(answer.status)}）` } = said?.error ?? {}
  throw new AdminError(answer.status, code, fullWidth(message))
}

/** Sends a request to the shop side, with or without JSON, and returns the JSON of the response. */
export async function askJson<T>(path: string, body?: unknown): Promise<T> {
  return jsonOf(await ask(path, body))
}

async function jsonOf<T>(answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T
  } catch {
    throw new ApiError(NONSENSE)
  }
}
