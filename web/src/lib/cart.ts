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
  /** Pieces in stock, if known. */
  stock?: number
  /** Why it can no longer be bought, as a text; known only after sign-in. */
  unavailable?: string
}

/** The most pieces of one SKU in a line. The service's own limit decides. */
export const MOST_PIECES = 200
const OVER_STOCK = 30103
/** The most lines in an offline cart. */
export const MOST_LINES = 100

/** Whether it can still be bought. */
export const isSold = (line: CartLine): boolean => line.unavailable === undefined

/** The totals of the ticked lines that can be bought. */
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
 * Adds goods to a cart. New lines come first, and the added line is ticked.
 *
 * @throws ApiError 30103 if the stock is too low, like the service; `CART_FULL` if the cart has no room for another line.
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

/** The offline lines that the buyer's cart does not contain in their number, because stock or a limit did not allow it. */
export function notTaken(kept: readonly CartLine[], cart: readonly CartLine[]): CartLine[] {
  const counts = new Map(cart.map((line) => [line.sku, line.count]))
  return kept.filter((line) => (counts.get(line.sku) ?? 0) < line.count)
}

/** The unticked offline lines that are ticked in the buyer's cart. */
export function tickedAnew(kept: readonly CartLine[], cart: readonly CartLine[]): CartLine[] {
  const unticked = new Set(kept.filter((line) => !line.isSelected).map((line) => line.sku))
  return cart.filter((line) => line.isSelected && unticked.has(line.sku))
}

/** Reads the offline cart. The storage may contain anything, so entries that are no lines are left out. */
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
