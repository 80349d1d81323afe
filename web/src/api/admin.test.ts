import { afterEach, expect, it, vi } from 'vitest'

import { OFFLINE } from '@/lib/errors'
import { kept } from '@/lib/storage'

import { exportOrders, orderDetail } from './admin'
import { onTurnedAway, signInStaff, signOutStaff, staffToken } from './staff'

const refused = (status: number, code = 'x') => new Response(JSON.stringify({ error: { code, message: code } }), { status })

afterEach(() => {
  signOutStaff()
  vi.unstubAllGlobals()
})

it.each([
  [' Bearer a.b-c_.d\n', 'a.b-c_.d'],
  ['a.b\n c.d', 'a.bc.d'],
  ['令牌', undefined],
  ['a.b,c', undefined],
  ['', undefined],
])('%o pasted is the token %s', (pasted, token) => {
  expect(signInStaff(pasted)).toBe(token !== undefined)
  expect(staffToken()).toBe(token)
})

it('what is kept and is no token is none', () => {
  kept.set('dashop_staff_token', '令牌')
  expect(staffToken()).toBeUndefined()
})

it('a token that is refused is kept no longer, but for one that came meanwhile', async () => {
  const turnedAway = vi.fn()
  onTurnedAway(turnedAway)
  signInStaff('old')
  const tokens: string[] = []
  vi.stubGlobal('fetch', (_path: string, { headers }: { headers: { authorization: string } }) => {
    tokens.push(headers.authorization)
    if (headers.authorization !== 'old') return Promise.resolve(new Response('table'))
    signInStaff('new')
    return Promise.resolve(refused(401))
  })
  const filter = { number: '', user: '', status: '', from: '', to: '' }
  expect(await (await exportOrders('csv', filter)).text()).toBe('table')
  expect([tokens, staffToken(), turnedAway.mock.calls.length]).toEqual([['old', 'new'], 'new', 0])
  vi.stubGlobal('fetch', () => Promise.resolve(refused(401)))
  await expect(exportOrders('csv', filter)).rejects.toMatchObject({ status: 401 })
  expect([staffToken(), turnedAway.mock.calls.length]).toEqual([undefined, 1])
})

it('an export may take long, its body included, and says so where it breaks off', async () => {
  const limit = vi.spyOn(AbortSignal, 'timeout')
  const filter = { number: '', user: '', status: '', from: '', to: '' }
  const broken = new ReadableStream({ start: (stream) => { stream.error(new TypeError('cut')) } })
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(broken)))
  await expect(exportOrders('xlsx', filter)).rejects.toMatchObject({ code: OFFLINE })
  expect(limit.mock.calls[0]?.[0]).toBeGreaterThanOrEqual(10 * 60_000)
})

it('pieces that go back with a refund that is not done are not out any more', async () => {
  const line = (sku_id: number, count: number, returned: number) => ({ sku_id, price: '1.00', total_amount: '1.00', count, returned })
  const refund = (status: string, count: number) => ({ amount: '1.00', status, restock: [{ sku_id: 4, count }] })
  const order = {
    user: {}, address: {}, total_amount: '1.00', freight: '0.00', discount: '0.00', refunded_amount: '0.00', refundable_amount: '0.00',
    attempts: [], payments: [], timeline: [], shipment: null,
    lines: [line(4, 6, 1), line(2, 1, 0), line(3, 1, 1)],
    refunds: [refund('requested', 2), refund('succeeded', 1), refund('failed', 1), refund('requested', 1)],
  }
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(order))))
  expect((await orderDetail('1')).lines.map(({ out }) => out)).toEqual([2, 1, 0])
})
