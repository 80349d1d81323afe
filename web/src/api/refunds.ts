import { AdminError } from '@/lib/errors'
import { fromFen, toFen, type Fen } from '@/lib/money'
import { IdempotencyKeys } from '@/lib/random'

import { detailOf, refundOf, type AdminLine, type Detail, type Refund, type Restock, type WireDetail, type WireRefund } from './admin'
import { askJson } from './staff'

export interface RefundRequest {
  amount: string
  trade_no?: string
  reason: string
  /** If empty, the service decides: pieces that were not shipped go back into stock with the last of the money. */
  restock: Restock[]
  /** Whether no pieces go back, whatever the service would decide. */
  keepsPieces?: boolean
  /** The refundable amount that staff saw. If it is different now, somebody else has made a refund, and nothing is done. */
  expectedLeft?: Fen
}

/** The fields that identify a refund for the service; the reason is not one of them. */
interface SameRefund {
  number: string
  amount: string
  trade_no: string | undefined
  restock: Restock[]
  keepsPieces?: boolean
}

interface SameReturn {
  number: string
  restock: Restock[]
}

/** Pieces by SKU, sorted by SKU. */
export function restockOf(pieces: ReadonlyMap<number, number>): Restock[] {
  const restock = [...pieces].flatMap(([sku, count]) => (count > 0 ? [{ sku_id: sku, count }] : []))
  return restock.sort((one, other) => one.sku_id - other.sku_id)
}

/** The lines with pieces that can come back. */
export const outside = (lines: readonly AdminLine[]): AdminLine[] => lines.filter((line) => line.out > 0)

const returnKeys = new IdempotencyKeys<SameReturn>('dashop_return_keys')
const refundKeys = new IdempotencyKeys<SameRefund>('dashop_refund_keys')
/** Codes that mean: nothing was done with this key. All other codes say nothing about earlier requests with the key. */
const REFUSED = ['order_not_found', 'not_allowed', 'request_id_reused', 'amount_exceeds_payment', 'nothing_to_refund', 'restock_exceeds_order']
/** HTTP statuses, and a code, that mean: this attempt did nothing. */
const NOT_LOOKED_AT = [400, 401]
const STALE = 'stale'

/** Repeats a request with the same key until there is a final answer, so that it takes effect once only. */
async function askOnce<Same, T>(
  keys: IdempotencyKeys<Same>,
  same: Same,
  path: string,
  body: object,
  isOver: (answer: T) => boolean = () => true,
): Promise<T> {
  const { key, isNew } = keys.of(same)
  try {
    const answer = await askJson<T>(path, { request_id: key, ...body })
    if (isOver(answer)) keys.forget(same)
    return answer
  } catch (cause) {
    const isOfThis = (error: AdminError): boolean => NOT_LOOKED_AT.includes(error.status) || error.code === STALE
    const isRefused = cause instanceof AdminError && (REFUSED.includes(cause.code) || (isNew && isOfThis(cause)))
    if (isRefused) keys.forget(same)
    throw cause
  }
}

/**
 * Makes a refund. A repeated request without an answer is the same refund. A repeated request after a failure is also the
 * same refund: the service tries it again with its number. */
export async function refund(number: string, request: RefundRequest): Promise<{ refund: Refund; order: Detail | null }> {
  const { amount, trade_no, reason, restock, keepsPieces = false, expectedLeft } = request
  const isSaid = keepsPieces || restock.length > 0
  const path = `orders/${encodeURIComponent(number)}/refunds`
  const answer = await askOnce<SameRefund, { refund: WireRefund; order: WireDetail | null }>(
    refundKeys,
    { number, amount, trade_no, restock, ...(keepsPieces ? { keepsPieces } : {}) },
    path,
    {
      amount,
      trade_no,
      reason,
      ...(isSaid ? { restock } : {}),
      ...(expectedLeft === undefined ? {} : { expected_refundable: fromFen(expectedLeft) }),
    },
    ({ refund: { status } }) => status !== 'failed',
  )
  return { refund: refundOf(answer.refund), order: answer.order && detailOf(answer.order) }
}

/** Puts pieces back into stock without a refund, if the number of returned pieces is the one that staff saw. */
export async function returnPieces(number: string, restock: Restock[], returned: number): Promise<Detail> {
  const path = `orders/${encodeURIComponent(number)}/returns`
  return detailOf(await askOnce(returnKeys, { number, restock }, path, { restock, expected_returned: returned }))
}

/**
 * Called when an order was read: its recorded refunds that did not fail count as answered. Returns the amounts of those
 * that had no answer so far. A later request for the same amount is a new refund. */
export function settleRefunds({ refunds }: Pick<Detail, 'refunds'>): Fen[] {
  const onRecord = refunds.filter(({ status }) => status !== 'failed').map(({ requestNo }) => requestNo.replace(/^shop-/, ''))
  return refundKeys.settle(new Set(onRecord)).map((same) => toFen(same.amount))
}

/** The unanswered refunds of this order, or of its payment with this number at Alipay. */
const pendingRefunds = (number: string, tradeNo: string | undefined): SameRefund[] =>
  refundKeys.pending().filter((same) => same.number === number && same.trade_no === tradeNo)

const pendingReturns = (number: string): SameReturn[] => returnKeys.pending().filter((same) => same.number === number)

/** The amounts of the refunds without an answer, or that failed. */
export const unansweredRefunds = (number: string, tradeNo?: string): Fen[] =>
  pendingRefunds(number, tradeNo).map((same) => toFen(same.amount))

/** Whether the last of them was to put no pieces back into stock. */
export const didKeepPieces = (number: string, tradeNo?: string): boolean => pendingRefunds(number, tradeNo).at(-1)?.keepsPieces ?? false

/** The number of pieces of each return without an answer. */
export const unansweredReturns = (number: string): number[] =>
  pendingReturns(number).map(({ restock }) => restock.reduce((sum, back) => sum + back.count, 0))

/** Staff have checked the refunds without an answer: the next request is a new refund. */
export function dismissRefunds(number: string, tradeNo?: string): void {
  for (const same of pendingRefunds(number, tradeNo)) refundKeys.forget(same)
}

/** Staff have checked the returns without an answer: the next request is a new return. */
export function dismissReturns(number: string): void {
  for (const same of pendingReturns(number)) returnKeys.forget(same)
}
