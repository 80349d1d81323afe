import { expect, it } from 'vitest'

import { Storage } from './storage'

it('what does not fit lasts as long as the page, whatever was kept before', () => {
  const items = new Map([['cart', 'old']])
  let isFull = true
  const full = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (isFull) throw new DOMException('full', 'QuotaExceededError')
      items.set(key, value)
    },
    removeItem: (key: string) => items.delete(key),
  }
  const storage = new Storage(() => full as unknown as globalThis.Storage)
  expect(storage.get('cart')).toBe('old')
  storage.set('cart', 'new')
  expect(storage.get('cart')).toBe('new')
  isFull = false
  storage.set('cart', 'newer')
  items.set('cart', 'of another tab')
  expect(storage.get('cart')).toBe('of another tab')
  storage.remove('cart')
  expect(storage.get('cart')).toBeUndefined()
})

it('nothing breaks where there is no storage', () => {
  const storage = new Storage(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  storage.set('cart', 'here')
  expect(storage.get('cart')).toBe('here')
  storage.remove('cart')
  expect(storage.get('cart')).toBeUndefined()
})
