import { AdminError, ApiError, NONSENSE } from '@/lib/errors'
import { onReturn } from '@/lib/onReturn'
import { kept } from '@/lib/storage'
import { fullWidth } from '@/lib/words'

import { send } from './http'

const TOKEN = 'dashop_staff_token'
/** Anything else is none, and no header can have it. */
const IS_TOKEN = /^[\w.-]+$/

/** The staff's token, for every tab of this browser. */
export function staffToken(): string | undefined {
  const token = kept.get(TOKEN)
  return token !== undefined && IS_TOKEN.test(token) ? token : undefined
}

/** Keeps a token as it is pasted, line breaks of a terminal included; false where it is none. */
export function signInStaff(pasted: string): boolean {
  const token = pasted.trim().replace(/^Bearer\s+/i, '').replace(/\s+/g, '')
  if (!IS_TOKEN.test(token)) return false
  kept.set(TOKEN, token)
  return true
}

export function signOutStaff(): void {
  kept.remove(TOKEN)
}

/** Tells when another tab signs in or out, or may have while the browser kept this page for its way back. */
export function onStaffChange(changed: () => void): void {
  addEventListener('storage', (event) => {
    // Without a key everything was deleted.
    if (event.key === TOKEN || event.key === null) changed()
  })
  onReturn(changed)
}

let turnAway: () => void = () => undefined
/** Tells when the service refuses the token, which is kept no longer. */
export function onTurnedAway(work: () => void): void {
  turnAway = work
}

/** Takes the one-time code out of the link that the program prints, and out of the address bar. */
export function codeFromLink(): string | undefined {
  const code = /^#code=(\w+)$/.exec(location.hash)?.[1]
  if (code !== undefined) history.replaceState(history.state, '', location.pathname + location.search)
  return code
}

/**
 * Exchanges the code of a link for a session.
 *
 * @throws AdminError 401 where it was used before or is too old.
 */
export async function signInWithCode(code: string): Promise<void> {
  signInStaff((await jsonOf<{ token: string }>(await request('session', { code }))).token)
}

/** As whoever is signed in now, whether in this tab or in another one. */
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

/** Asks the shop side for JSON, or sends it some. */
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
