import { expect, it } from 'vitest'

import { keptInTab } from './storage'
import { keepWanted, takeWanted } from './wanted'

it('what was wanted is told once, of its SKU, and not for ever', () => {
  expect(takeWanted(4)).toBeUndefined()
  keepWanted({ sku: 4, count: 3 }, 1000)
  expect(takeWanted(4, 2000)).toBe(3)
  expect(takeWanted(4, 2000)).toBeUndefined()
  keepWanted({ sku: 4, count: 3 }, 1000)
  expect(takeWanted(5, 2000)).toBeUndefined()
  expect(takeWanted(4, 2000)).toBeUndefined()
  keepWanted({ sku: 4, count: 3 }, 1000)
  expect(takeWanted(4, 1000 + 10 * 60_000)).toBeUndefined()
})

it.each(['', 'nonsense', '{}', 'null', '{"sku":4,"count":0,"at":1000}', '{"sku":4,"count":"3","at":1000}'])('%o tells nothing', (text) => {
  keptInTab.set('dashop_wanted', text)
  expect(takeWanted(4, 1000)).toBeUndefined()
})
