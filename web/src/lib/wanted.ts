import { keptInTab } from './storage'

/** What somebody wanted to put into the cart when the sign-in had run out. */
export interface Wanted {
  sku: number
  count: number
}

const WANTED = 'dashop_wanted'
/** As long as signing in may take; whoever comes back later does not expect it any more. */
const PATIENCE = 10 * 60_000

export function keepWanted(wanted: Wanted, now = Date.now()): void {
  keptInTab.set(WANTED, JSON.stringify({ ...wanted, at: now }))
}

/** How many of this SKU were wanted; told once. */
export function takeWanted(sku: number, now = Date.now()): number | undefined {
  const text = keptInTab.get(WANTED)
  if (text === undefined) return undefined
  keptInTab.remove(WANTED)
  try {
    const wanted = JSON.parse(text) as Partial<Wanted> & { at?: number }
    const isFresh = typeof wanted.at === 'number' && now >= wanted.at && now - wanted.at < PATIENCE
    const isCount = Number.isSafeInteger(wanted.count) && Number(wanted.count) >= 1
    return wanted.sku === sku && isFresh && isCount ? wanted.count : undefined
  } catch {
    return undefined
  }
}
