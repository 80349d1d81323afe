import { ref } from 'vue'

import { kept } from './storage'

// The names under which the old shop's pages keep them: whoever signed in there is signed in here.
const USER = 'dashop_user'
const TOKEN = 'dashop_token'

/** Who is signed in, if anybody. */
export const user = ref(token() ? kept.get(USER) : undefined)

/** The token that goes with each request. */
export function token(): string | undefined {
  return kept.get(TOKEN)
}

export function signIn(name: string, newToken: string): void {
  kept.set(USER, name)
  kept.set(TOKEN, newToken)
  user.value = name
}

export function signOut(): void {
  kept.remove(USER)
  kept.remove(TOKEN)
  user.value = undefined
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
