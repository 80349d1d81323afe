import type { CartLine } from '@/lib/cart'

import { call, type Answer } from './http'

/** Signs in and merges the browser's offline lines into the buyer's cart. The service ticks all of them, like the old one. */
export async function signInWith(
  username: string,
  password: string,
  lines: readonly CartLine[],
): Promise<{ username: string; token: string }> {
  const cart = lines.length > 0 ? lines.map((line) => ({ id: line.sku, count: line.count, selected: line.isSelected ? 1 : 0 })) : null
  const request = { method: 'POST', body: { username, password, cart }, token: undefined } as const
  const answer = (await call<{ token: string }>('/v1/tokens', request)) as Answer<{ token: string }> & {
    username: string
  }
  return { username: answer.username, token: answer.data.token }
}
