import { describe, expect, it } from 'vitest'

import { IdempotencyKeys, uuid } from './random'

describe('keys', () => {
  it('are UUIDs of version 4, each another', () => {
    const made = Array.from({ length: 100 }, uuid)
    for (const key of made) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(made).size).toBe(made.length)
  })

  it('stay the same for the same request, and differ for another and on another page', () => {
    const keys = new IdempotencyKeys()
    const first = keys.of({ address_id: 1, settlement_type: 0 })
    expect(keys.of({ address_id: 1, settlement_type: 0 })).toBe(first)
    expect(keys.of({ address_id: 2, settlement_type: 0 })).not.toBe(first)
    expect(new IdempotencyKeys().of({ address_id: 1, settlement_type: 0 })).not.toBe(first)
    keys.forget({ address_id: 1, settlement_type: 0 })
    expect(keys.of({ address_id: 1, settlement_type: 0 })).not.toBe(first)
  })
})
