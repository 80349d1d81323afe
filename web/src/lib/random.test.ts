import { describe, expect, it } from 'vitest'

import { IdempotencyKeys, uuid } from './random'
import { keptInTab } from './storage'

describe('keys', () => {
  it('are UUIDs of version 4, each another', () => {
    const made = Array.from({ length: 100 }, uuid)
    for (const key of made) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(made).size).toBe(made.length)
  })

  it('stay the same for the same request until its outcome is known, also on the page that is loaded anew', () => {
    const keys = new IdempotencyKeys('orders')
    const [home, office] = [{ address_id: 1 }, { address_id: 2 }]
    const first = keys.of(home)
    expect(keys.of(office)).not.toBe(first)
    expect(new IdempotencyKeys('orders').of(home)).toBe(first)
    expect(new IdempotencyKeys('refunds').of(home)).not.toBe(first)
    expect(keys.pending()).toEqual([office, home])
    keys.forget(home)
    expect(keys.pending()).toEqual([office])
    expect(keys.of(home)).not.toBe(first)
  })

  it('are bounded, and whatever else stands there is none', () => {
    const keys = new IdempotencyKeys('many')
    for (let request = 1; request <= 30; request += 1) keys.of(request)
    expect(keys.pending()).toEqual(Array.from({ length: 20 }, (_, place) => place + 11))
    for (const nonsense of ['{', '{}', '[1]', 'null']) {
      keptInTab.set('many', nonsense)
      expect(keys.pending()).toEqual([])
    }
  })
})
