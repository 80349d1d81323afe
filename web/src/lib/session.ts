import { ref } from 'vue'

import { onReturn } from './onReturn'
import { kept } from './storage'

// The names under which the old shop's pages keep them: whoever signed in there is signed in here.
const USER = 'dashop_user'
const TOKEN = 'dashop_token'

/** Who is signed in as far as this page knows, if anybody. */
export const user = ref(keptUser())

/** Who is signed in in this browser, whichever tab did that. */
export function keptUser(): string | undefined {
  return token() ? kept.get(USER) : undefined
}

/** The token that goes with each request. */
export function token(): string | undefined {
  return kept.get(TOKEN)
}

export function signIn(name: string, newToken: string): void {
  // Other tabs follow the name: its token is there before it.
  kept.set(TOKEN, newToken)
  kept.set(USER, name)
  user.value = name
}

export function signOut(): void {
  kept.remove(USER)
  kept.remove(TOKEN)
  user.value = undefined
}

/** Whether it is still this buyer who is signed in, with this token: another tab may have changed that. */
export const isSession = (name: string, usedToken: string | undefined): boolean => keptUser() === name && token() === usedToken

function loadAnew(): void {
  document.body.hidden = true
  location.reload()
}

/**
 * Loads the page anew, or does something else, as soon as another buyer, or nobody, is signed in: by another tab, or while
 * the browser kept the page for its way back.
 */
export function followSession(follow: (now: string | undefined) => void = loadAnew): void {
  const look = () => {
    const now = keptUser()
    if (now !== user.value) follow(now)
  }
  addEventListener('storage', look)
  onReturn(look)
}

/** Where sign-in is asked for, and leads back from to the page that is open. */
export function signInPage(location: Pick<Location, 'pathname' | 'search'>): string {
  return `login.html?next=${encodeURIComponent(location.pathname.slice(1) + location.search)}`
}

/** Where to go after sign-in: a page of this shop, whatever the link says. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? ''
  const isOurs = /^[A-Za-z_]+\.html(?:\?[^#]*)?$/.test(next) && !next.startsWith('login.html')
  return isOurs ? next : 'index.html'
}
