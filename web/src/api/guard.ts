import { AdminError, ApiError } from '@/lib/errors'
import { isSession, keptUser, signInPage, signOut, token, user } from '@/lib/session'

/** Whether an error says that nobody, or somebody else, is signed in. */
export function isSignedOut(error: unknown): boolean {
  if (error instanceof AdminError) return error.status === 401
  return error instanceof ApiError && [403, 208, 30104].includes(error.code)
}

/** Leads to sign-in, and from there back to this page. */
export function toSignIn(): void {
  location.assign(signInPage(location))
}

/**
 * The name of whoever is signed in; without one the browser is on its way to sign-in.
 *
 * @throws ApiError 403 where nobody is.
 */
export function signedIn(): string {
  if (user.value !== undefined) return user.value
  toSignIn()
  throw new ApiError(403)
}

/** Does something that needs a buyer; where the token has expired the browser goes to sign-in. */
export async function asBuyer<T>(work: (name: string) => Promise<T>): Promise<T> {
  const name = signedIn()
  const used = token()
  try {
    return await work(name)
  } catch (error) {
    if (isSignedOut(error)) turnAway(name, used)
    throw error
  }
}

/** What was refused says nothing of a session that began in another tab meanwhile; one that is over may be refused twice. */
function turnAway(name: string, used: string | undefined): void {
  if (isSession(name, used)) signOut()
  if (keptUser() === undefined) toSignIn()
  else location.reload()
}
