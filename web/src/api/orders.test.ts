import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { NONSENSE, OFFLINE } from '@/lib/errors'
import { signIn, signOut } from '@/lib/session'
import { keptInTab } from '@/lib/storage'

import { create, dismiss, doubtful, isCartInDoubt, orders, wishOf, type Preview, type Purchase } from './orders'

const DAY = 24 * 60 * 60_000
const DIRECT: Purchase = { kind: 'direct', sku: 15, count: 1 }
const preview = (payment = 28900): Preview => ({
  destinations: [],
  lines: [{ sku: 15, name: '', image: '', price: payment, count: 1, amount: payment, attributes: [] }],
  unavailable: [],
  pieces: 1,
  goods: payment,
  freight: 0,
  payment,
})
const placed = { code: 200, data: { order_id: '2026112510000001', pay_url: 'https://pay' } }

/** Sends these responses in turn; an `Error` means no response. Returns the keys of the requests. */
function service(...answers: unknown[]): string[] {
  const sent: string[] = []
  vi.stubGlobal('fetch', (_path: string, { headers }: { headers: Record<string, string> }) => {
    sent.push(headers['idempotency-key'] ?? '')
    const answer = answers.shift()
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(new Response(JSON.stringify(answer)))
  })
  return sent
}

beforeEach(() => {
  vi.stubGlobal('navigator', { userAgent: '' })
  signIn('demo', 'token')
})
afterEach(() => {
  keptInTab.remove('dashop_order_keys')
  vi.unstubAllGlobals()
  signOut()
})

it('what is ordered again after a lost answer has the same key, and after a known one another', async () => {
  const wish = wishOf(DIRECT, 1, preview())
  const sent = service(new TypeError('lost'), 'nonsense', { code: 50104, errmsg: '' }, placed, placed, { code: 50103, errmsg: '' }, placed)
  await expect(create(wish)).rejects.toMatchObject({ code: OFFLINE })
  await expect(create(wish)).rejects.toMatchObject({ code: NONSENSE })
  // A busy service has not looked up the key.
  await expect(create(wish)).rejects.toMatchObject({ code: 50104 })
  expect(await create(wish)).toEqual({ number: '2026112510000001', isRepeated: true })
  expect(await create(wish)).toEqual({ number: '2026112510000001', isRepeated: false })
  await expect(create(wish)).rejects.toMatchObject({ code: 50103 })
  await create(wish)
  expect(sent.map((key) => sent.indexOf(key))).toEqual([0, 0, 0, 0, 4, 5, 6])
})

it('goods whose order may be there are in doubt for another address, count or price, until the buyer has looked', async () => {
  const home = wishOf(DIRECT, 1, preview())
  service(new TypeError('lost'))
  await expect(create(home)).rejects.toMatchObject({ code: OFFLINE })
  expect(doubtful(home)).toEqual([])
  for (const other of [wishOf(DIRECT, 2, preview()), wishOf(DIRECT, 1, preview(100)), wishOf({ ...DIRECT, count: 2 }, 1, preview())]) {
    expect(doubtful(other)).toEqual([home])
  }
  expect(doubtful(wishOf({ ...DIRECT, sku: 16 }, 1, preview()))).toEqual([])
  expect(doubtful({ ...home, user: 'xiaoda', address: 2 })).toEqual([])
  expect(doubtful(wishOf({ kind: 'cart' }, 2, preview()))).toEqual([])
  dismiss(doubtful(wishOf(DIRECT, 2, preview())))
  expect(doubtful(wishOf(DIRECT, 2, preview()))).toEqual([])
})

it('an empty cart is in doubt for the buyer whose order of it had no answer, until there is one', async () => {
  const wish = wishOf({ kind: 'cart' }, 1, preview())
  const empty = { code: 50106, errmsg: '' }
  service(new TypeError('lost'), new TypeError('lost'), empty, placed)
  await create(wishOf(DIRECT, 1, preview())).catch(() => undefined)
  expect(isCartInDoubt()).toBe(false)
  await create(wish).catch(() => undefined)
  // With another address it is another order, and this one is refused.
  await expect(create({ ...wish, address: 2 })).rejects.toMatchObject({ code: 50106 })
  expect(isCartInDoubt()).toBe(true)
  signIn('xiaoda', 'hers')
  expect(isCartInDoubt()).toBe(false)
  signIn('demo', 'token')
  expect(await create(wish)).toEqual({ number: '2026112510000001', isRepeated: true })
  expect(isCartInDoubt()).toBe(false)
})

it.each([[undefined, 10], [0, 10], [30, 30], [999, 200]])('%o orders of a list are asked for as %i at once', async (wanted, limit) => {
  const paths: string[] = []
  vi.stubGlobal('fetch', (path: string) => {
    paths.push(path)
    return Promise.resolve(new Response(JSON.stringify({ code: 200, data: { orders_list: [], next: null } })))
  })
  await orders(0, undefined, wanted)
  expect(new URL(paths[0] ?? '', 'http://shop').searchParams.get('limit')).toBe(String(limit))
})

it.each([403, 208, 30104, 50101, 50104])('an order that is refused with %i at once is none', async (code) => {
  vi.stubGlobal('location', { assign: vi.fn(), reload: vi.fn(), pathname: '/orderConfirm.html', search: '' })
  const [wish, elsewhere] = [wishOf(DIRECT, 1, preview()), wishOf(DIRECT, 2, preview())]
  const sent = service({ code, errmsg: '' }, new TypeError('lost'), { code, errmsg: '' }, placed)
  for (let times = 0; times < 3; times += 1) {
    signIn('demo', 'token')
    await create(wish).catch(() => undefined)
    expect(doubtful(elsewhere)).toEqual(times === 0 ? [] : [wish])
  }
  signIn('demo', 'token')
  expect(await create(wish)).toMatchObject({ isRepeated: true })
  expect(sent.map((key) => sent.indexOf(key))).toEqual([0, 1, 1, 1])
})

it('what is ordered again after a day is another order', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const wish = wishOf(DIRECT, 1, preview())
    const sent = service(new TypeError('lost'), new TypeError('lost'), placed)
    await create(wish).catch(() => undefined)
    vi.setSystemTime(Date.now() + DAY - 1)
    expect(doubtful(wishOf(DIRECT, 2, preview()))).toEqual([wish])
    await create(wish).catch(() => undefined)
    vi.setSystemTime(Date.now() + DAY)
    expect(doubtful(wishOf(DIRECT, 2, preview()))).toEqual([])
    expect(await create(wish)).toMatchObject({ isRepeated: false })
    expect(sent.map((key) => sent.indexOf(key))).toEqual([0, 0, 2])
  } finally {
    vi.useRealTimers()
  }
})

it('an order that is placed and cannot be paid at once is the order', async () => {
  service({ code: 50111, errmsg: '', data: { order_id: '2026112510000002', total_amount: '289.00' } }, { code: 50111, errmsg: '', data: [] })
  const wish = wishOf(DIRECT, 1, preview())
  expect(await create(wish)).toEqual({ number: '2026112510000002', isRepeated: false })
  await expect(create(wish)).rejects.toMatchObject({ code: 50111 })
})
