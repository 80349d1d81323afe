import { afterEach, expect, it, vi } from 'vitest'

import { OFFLINE } from '@/lib/errors'
import { kept, keptInTab } from '@/lib/storage'

import { exportOrders, refund, restockOf, returnPieces, unansweredRefunds } from './admin'
import { onTurnedAway, signInStaff, signOutStaff, staffToken } from './staff'

const NUMBER = '2026112510000001'
const request = { amount: '9.90', reason: '质量问题', restock: restockOf(new Map([[4, 1], [2, 1], [7, 0]])) }
const answered = { refund: { amount: '9.90', status: 'succeeded' }, order: null }
const refused = (status: number, code = 'x') => new Response(JSON.stringify({ error: { code, message: code } }), { status })

/** Answers in turn, an `Error` being none; gives back the request ids that were sent. */
function service(...answers: unknown[]): string[] {
  const sent: string[] = []
  vi.stubGlobal('fetch', (_path: string, { body }: { body: string }) => {
    sent.push((JSON.parse(body) as { request_id: string }).request_id)
    const answer = answers.shift()
    if (answer instanceof Error) return Promise.reject(answer)
    return Promise.resolve(answer instanceof Response ? answer : new Response(JSON.stringify(answer)))
  })
  return sent
}

afterEach(() => {
  keptInTab.remove('dashop_refund_keys')
  keptInTab.remove('dashop_return_keys')
  signOutStaff()
  vi.unstubAllGlobals()
})

it('a refund that is asked for again after a lost answer is the same one, whatever its reason', async () => {
  const sent = service(new TypeError('lost'), refused(503, 'busy'), refused(401, 'unauthenticated'), refused(409, 'conflict'), answered, answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ code: OFFLINE })
  expect(unansweredRefunds(NUMBER)).toEqual([990])
  await expect(refund(NUMBER, { ...request, reason: '质量问题，已协商' })).rejects.toMatchObject({ status: 503 })
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status: 401 })
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status: 409 })
  await refund(NUMBER, { ...request, restock: restockOf(new Map([[2, 1], [4, 1]])) })
  expect(unansweredRefunds(NUMBER)).toEqual([])
  await refund(NUMBER, request)
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 0, 0, 0, 0, 5])
})

it('another amount, other pieces, another payment or another order are another refund', async () => {
  const lost = () => new TypeError('lost')
  const sent = service(lost(), lost(), lost(), lost(), lost())
  const others = [request, { ...request, amount: '9.91' }, { ...request, restock: [] }, { ...request, trade_no: 'T1' }]
  for (const other of others) await refund(NUMBER, other).catch(() => undefined)
  await refund('2026112510000002', request).catch(() => undefined)
  expect(new Set(sent).size).toBe(5)
  expect(unansweredRefunds(NUMBER)).toEqual([990, 991, 990])
  expect(unansweredRefunds(NUMBER, 'T1')).toEqual([990])
})

it.each(['order_not_found', 'not_allowed', 'amount_exceeds_payment', 'nothing_to_refund'])('a refund that is refused with %s is none', async (code) => {
  const sent = service(refused(422, code), answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ code })
  await refund(NUMBER, request)
  expect(sent[1]).not.toBe(sent[0])
})

it('pieces come back once where the answer is lost', async () => {
  const sent = service(new TypeError('lost'), refused(422, 'restock_exceeds_order'), new TypeError('lost'))
  const pieces = restockOf(new Map([[4, 1]]))
  for (let times = 0; times < 3; times += 1) await returnPieces(NUMBER, pieces).catch(() => undefined)
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 0, 2])
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
