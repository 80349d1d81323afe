/** An amount in whole fen. Floating point is not used for money: 0.1 + 0.2 is not 0.3. */
export type Fen = number

/** 99,999,999.99 yuan: the largest amount of an order. */
const MOST: Fen = 9_999_999_999

/**
 * Parses an amount of yuan with at most two decimals, in the service's format.
 *
 * @throws RangeError if the text is no amount.
 */
export function toFen(yuan: string | number): Fen {
  const match = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(String(yuan).trim())
  if (!match) throw new RangeError(`${String(yuan)} is no amount`)
  const [, whole = '', part = ''] = match
  return Number(whole) * 100 + Number(part.padEnd(2, '0'))
}

/** The same for typed text: undefined if it is no amount, or more than an order's largest amount. */
export function typedFen(yuan: string): Fen | undefined {
  try {
    const fen = toFen(yuan)
    return fen <= MOST ? fen : undefined
  } catch {
    return undefined
  }
}

/** `31391` as `313.91`, the format of requests. */
export function fromFen(fen: Fen): string {
  const digits = String(Math.abs(fen)).padStart(3, '0')
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** `31391` as `¥313.91`. */
export const yuan = (fen: Fen): string => `¥${fromFen(fen)}`

/** The sum of several lines. */
export function sum(lines: readonly { price: Fen; count: number }[]): Fen {
  return lines.reduce((total, line) => total + line.price * line.count, 0)
}
