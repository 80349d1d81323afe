import { ref } from 'vue'

import { onReturn } from './onReturn'
import { kept } from './storage'

// The keys of the old shop's pages: a user who signed in there is signed in here.
const USER = 'dashop_user'
const TOKEN = 'dashop_token'

/** The signed-in user as far as this page knows, if any. */
export const user = ref(keptUser())

/** The signed-in user of this browser, whichever tab signed in. */
export function keptUser(): string | undefined {
  return token() ? kept.get(USER) : undefined
}

/** The token for requests. */
export function token(): string | undefined {
  return kept.get(TOKEN)
}

export function signIn(name: string, newToken: string): void {
  // Other tabs watch the name, so its token must be stored first.
  kept.set(TOKEN, newToken)
  kept.set(USER, name)
  user.value = name
}

export function signOut(): void {
  kept.remove(USER)
  kept.remove(TOKEN)
  user.value = undefined
}

/** Whether this buyer is still signed in with this token: another tab may have changed that. */
export const isSession = (name: string, usedToken: string | undefined): boolean => keptUser() === name && token() === usedToken

function loadAnew(): void {
  document.body.hidden = true
  location.reload()
}

/**
 * Reloads the page, or calls `follow`, when another buyer or nobody is signed in: because of another tab, or of a change
 * while the browser kept the page in its back/forward cache. */
export function followSession(follow: (now: string | undefined) => void = loadAnew): void {
  const look = () => {
    const now = keptUser()
    if (now !== user.value) follow(now)
  }
  addEventListener('storage', look)
  onReturn(look)
}

/** The sign-in page, with the current page as the page to return to. */
export function signInPage(location: Pick<Location, 'pathname' | 'search'>): string {
  return `login.html?next=${encodeURIComponent(location.pathname.slice(1) + location.search)}`
}

/** The page after sign-in: always a page of this shop, whatever the link contains. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? ''
  const isOurs = /^[A-Za-z_]+\.html(?:\?[^#]*)?$/.test(next) && !next.startsWith('login.html')
  return isOurs ? next : 'index.html'
}
