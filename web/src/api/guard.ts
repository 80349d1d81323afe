import { AdminError, ApiError } from '@/lib/errors'
import { isSession, keptUser, signInPage, signOut, token, user } from '@/lib/session'

/** Whether an error means that nobody or another user is signed in. */
export function isSignedOut(error: unknown): boolean {
  if (error instanceof AdminError) return error.status === 401
  return error instanceof ApiError && [403, 208, 30104].includes(error.code)
}

/** Goes to sign-in, and from there back to this page. */
export function toSignIn(): void {
  location.assign(signInPage(location))
}

/**
 * The name of the signed-in user. Without one, the browser goes to sign-in.
 *
 * @throws ApiError 403 if nobody is signed in.
 */
export function signedIn(): string {
  if (user.value !== undefined) return user.value
  toSignIn()
  throw new ApiError(403)
}

/** Runs an operation as the signed-in buyer. If the token has expired, the browser goes to sign-in. */
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

/** Ends the session that was refused, but not a session that began in another tab in the meantime. */
function turnAway(name: string, used: string | undefined): void {
  if (isSession(name, used)) signOut()
  if (keptUser() === undefined) toSignIn()
  else location.reload()
}
