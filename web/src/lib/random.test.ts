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
    const { key: first, isNew } = keys.of(home)
    expect(isNew).toBe(true)
    expect(keys.of(office).key).not.toBe(first)
    expect(new IdempotencyKeys('orders').of(home)).toEqual({ key: first, isNew: false })
    expect(new IdempotencyKeys('refunds').of(home).key).not.toBe(first)
    expect(keys.pending()).toEqual([office, home])
    keys.forget(home)
    expect(keys.pending()).toEqual([office])
    const second = keys.of(home)
    expect([second.isNew, second.key === first]).toEqual([true, false])
    expect(keys.settle(new Set([first, second.key]))).toEqual([home])
    expect(keys.pending()).toEqual([office])
  })

  it('last so long after the request was last made, where there is a limit, and else as long as the tab', () => {
    const [bounded, unbounded] = [new IdempotencyKeys('bounded', 1000), new IdempotencyKeys('unbounded')]
    const { key } = bounded.of(1, 0)
    expect(bounded.of(1, 999)).toEqual({ key, isNew: false })
    expect([bounded.pending(1998), bounded.pending(1999)]).toEqual([[1], []])
    expect(bounded.of(1, 1999).isNew).toBe(true)
    unbounded.of(1, 0)
    expect(unbounded.of(1, 1e12).isNew).toBe(false)
    // The stored format of earlier versions, without a time.
    for (const name of ['bounded', 'unbounded']) keptInTab.set(name, '[["1","key"]]')
    expect([bounded.pending(), unbounded.pending()]).toEqual([[], [1]])
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
