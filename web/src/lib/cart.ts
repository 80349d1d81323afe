import { ApiError, CART_FULL } from './errors'
import { sum, type Fen } from './money'

export interface CartLine {
  sku: number
  name: string
  count: number
  isSelected: boolean
  image: string
  price: Fen
  attributes: { name: string; value: string }[]
  /** Pieces that there are, where it is known. */
  stock?: number
  /** Why it cannot be bought any more, in words; known after sign-in. */
  unavailable?: string
}

/** The most pieces of one SKU that a line takes; the service's own limit decides. */
export const MOST_PIECES = 200
const OVER_STOCK = 30103
/** The most lines that are kept before sign-in. */
export const MOST_LINES = 100

/** Whether it can still be bought. */
export const isSold = (line: CartLine): boolean => line.unavailable === undefined

/** What the ticked lines come to that can be bought. */
export function totals(lines: readonly CartLine[]): { pieces: number; amount: Fen; areAll: boolean } {
  const sold = lines.filter(isSold)
  const ticked = sold.filter((line) => line.isSelected)
  return {
    pieces: ticked.reduce((pieces, line) => pieces + line.count, 0),
    amount: sum(ticked),
    areAll: sold.length > 0 && sold.every((line) => line.isSelected),
  }
}

/**
 * A cart with more of something; new lines come first, and what was added is ticked.
 *
 * @throws ApiError 30103 where there are not so many pieces, as the service says it; `CART_FULL` where no line has room.
 */
export function withMore(lines: readonly CartLine[], added: CartLine): CartLine[] {
  const before = lines.find((line) => line.sku === added.sku)
  const count = (before?.count ?? 0) + added.count
  if (count > Math.min(MOST_PIECES, added.stock ?? MOST_PIECES)) throw new ApiError(OVER_STOCK)
  const changed = { ...added, count, isSelected: true }
  if (before) return lines.map((line) => (line === before ? changed : line))
  if (lines.length >= MOST_LINES) throw new ApiError(CART_FULL)
  return [changed, ...lines]
}

/** Of what was kept before sign-in, what is not in the buyer's cart in that number: stock or limit did not allow it. */
export function notTaken(kept: readonly CartLine[], cart: readonly CartLine[]): CartLine[] {
  const counts = new Map(cart.map((line) => [line.sku, line.count]))
  return kept.filter((line) => (counts.get(line.sku) ?? 0) < line.count)
}

/** Of what was kept before sign-in and was not ticked, what is ticked in the buyer's cart. */
export function tickedAnew(kept: readonly CartLine[], cart: readonly CartLine[]): CartLine[] {
  const unticked = new Set(kept.filter((line) => !line.isSelected).map((line) => line.sku))
  return cart.filter((line) => line.isSelected && unticked.has(line.sku))
}

/** Reads a cart that was kept in the browser; anybody may have written there, so whatever is no line is left out. */
export function readLines(text: string | undefined): CartLine[] {
  let found: unknown
  try {
    found = JSON.parse(text ?? '[]')
  } catch {
    return []
  }
  return Array.isArray(found) ? found.filter(isLine).slice(0, MOST_LINES) : []
}

function isLine(value: unknown): value is CartLine {
  if (typeof value !== 'object' || value === null) return false
  const line = value as Record<keyof CartLine, unknown>
  const isWhole = (number: unknown, least: number) => Number.isSafeInteger(number) && Number(number) >= least
  return (
    isWhole(line.sku, 1) &&
    isWhole(line.count, 1) &&
    isWhole(line.price, 0) &&
    (line.stock === undefined || isWhole(line.stock, 0)) &&
    typeof line.name === 'string' &&
    typeof line.image === 'string' &&
    typeof line.isSelected === 'boolean' &&
    Array.isArray(line.attributes)
  )
}
