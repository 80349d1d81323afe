import { keptInTab } from './storage'

/** Goods that a user wanted to add to the cart when the session had expired. */
export interface Wanted {
  sku: number
  count: number
}

const WANTED = 'dashop_wanted'
/** The time that a sign-in may take; a user who returns later no longer expects the goods in the cart. */
const PATIENCE = 10 * 60_000

export function keepWanted(wanted: Wanted, now = Date.now()): void {
  keptInTab.set(WANTED, JSON.stringify({ ...wanted, at: now }))
}

/** The wanted number of this SKU; it is returned once. */
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
