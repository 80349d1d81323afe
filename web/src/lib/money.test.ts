import { describe, expect, it } from 'vitest'

import { fromFen, sum, toFen, typedFen, yuan } from './money'

describe('amounts', () => {
  it.each([
    ['313.91', 31391],
    ['0.1', 10],
    ['0.01', 1],
    ['10', 1000],
    [10, 1000],
    ['99999999.99', 9_999_999_999],
    // The sum of a day's orders, and the largest sum of the service.
    ['1000000000.00', 100_000_000_000],
    ['9999999999999.99', 999_999_999_999_999],
    [' 9.90 ', 990],
  ])('%s yuan are %i fen', (text, fen) => {
    expect(toFen(text)).toBe(fen)
  })

  it.each(['', 'abc', '-1', '1.234', '1e3', '1,000', '.5', '5.', 'NaN', '10000000000000.00', '１'])('%o is no amount', (text) => {
    expect(() => toFen(text)).toThrow(RangeError)
    expect(typedFen(text)).toBeUndefined()
  })

  it('knows the most that an order can cost', () => {
    expect(typedFen('99999999.99')).toBe(9_999_999_999)
    expect(typedFen('100000000.00')).toBeUndefined()
    expect(typedFen('1000000000.00')).toBeUndefined()
  })

  it.each([
    [0, '0.00'],
    [1, '0.01'],
    [10, '0.10'],
    [31391, '313.91'],
    [9_999_999_999, '99999999.99'],
    [-5, '-0.05'],
  ])('%i fen are written %s', (fen, text) => {
    expect(fromFen(fen)).toBe(text)
    expect(yuan(fen)).toBe(`¥${text}`)
  })

  it('adds what fractions of numbers would get wrong', () => {
    expect(sum([{ price: toFen('0.10'), count: 3 }, { price: toFen('104.95'), count: 2 }])).toBe(21020)
    expect(fromFen(sum([{ price: toFen('1.10'), count: 3 }]))).toBe('3.30')
  })
})
