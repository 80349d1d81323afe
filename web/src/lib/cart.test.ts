import { describe, expect, it } from 'vitest'

import { MOST_LINES, MOST_PIECES, notTaken, readLines, tickedAnew, totals, withMore, type CartLine } from './cart'
import { ApiError, CART_FULL } from './errors'

const line = (sku: number, more: Partial<CartLine> = {}): CartLine => ({
  sku,
  name: `SKU ${String(sku)}`,
  count: 1,
  isSelected: true,
  image: '',
  price: 10495,
  attributes: [],
  ...more,
})

describe('sums of a cart', () => {
  it('are those of the ticked lines', () => {
    const lines = [line(1, { count: 2 }), line(2, { price: 10401 }), line(3, { isSelected: false })]
    expect(totals(lines)).toEqual({ pieces: 3, amount: 31391, areAll: false })
  })

  it('say whether all lines are ticked', () => {
    expect(totals([line(1), line(2)]).areAll).toBe(true)
    expect(totals([]).areAll).toBe(false)
    const gone = line(3, { count: 5, unavailable: '商品已下架' })
    expect(totals([line(1), gone])).toEqual({ pieces: 1, amount: 10495, areAll: true })
    expect(totals([gone])).toEqual({ pieces: 0, amount: 0, areAll: false })
  })
})

describe('what is added before sign-in', () => {
  it('joins a line of the same SKU, and ticks it', () => {
    const cart = withMore([line(1), line(2, { count: 3, isSelected: false })], line(2, { count: 2 }))
    expect(cart.map(({ sku, count, isSelected }) => [sku, count, isSelected])).toEqual([
      [1, 1, true],
      [2, 5, true],
    ])
  })

  it('never exceeds what a line or a cart takes', () => {
    expect(() => withMore([line(1, { count: MOST_PIECES })], line(1))).toThrow(new ApiError(30103))
    expect(withMore([line(1, { count: 2 })], line(1, { count: 3, stock: 5 }))[0]?.count).toBe(5)
    expect(() => withMore([line(1, { count: 3 })], line(1, { count: 3, stock: 5 }))).toThrow(new ApiError(30103))
    const full = Array.from({ length: MOST_LINES }, (_, index) => line(index + 1))
    expect(() => withMore(full, line(999))).toThrow(new ApiError(CART_FULL))
    expect(withMore(full, line(1))).toHaveLength(MOST_LINES)
  })
})

it('what sign-in did not take over is known', () => {
  const kept = [line(1, { count: 5 }), line(2), line(3, { count: 2 })]
  expect(notTaken(kept, [line(1, { count: 4 }), line(3, { count: 7 })]).map(({ sku }) => sku)).toEqual([1, 2])
  expect(notTaken(kept, kept)).toEqual([])
})

it('what sign-in ticked anew is known', () => {
  const kept = [line(1), line(2, { isSelected: false }), line(3, { isSelected: false }), line(4, { isSelected: false })]
  const cart = [line(1), line(2), line(3, { isSelected: false }), line(5)]
  expect(tickedAnew(kept, cart).map(({ sku }) => sku)).toEqual([2])
})

describe('what is read from the browser', () => {
  it('is what was kept', () => {
    const lines = [line(1), line(2, { attributes: [{ name: '颜色', value: '红色' }] })]
    expect(readLines(JSON.stringify(lines))).toEqual(lines)
  })

  it.each([undefined, '', 'nonsense', '{}', 'null', '[1,null,{}]', '[{"sku":"1"}]'])('leaves out of %o what is no line', (text) => {
    expect(readLines(text)).toEqual([])
  })

  it.each([{ count: 0 }, { count: 1.5 }, { sku: -1 }, { price: 0.5 }, { name: 7 }, { stock: -1 }, { stock: 'many' }])('leaves out a line with %o', (wrong) => {
    expect(readLines(JSON.stringify([{ ...line(1), ...wrong }, line(2)]))).toEqual([line(2)])
  })
})
